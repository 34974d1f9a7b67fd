/** Replaces `{{name}}` by the variable of that name; unknown names become nothing, so that no caller hears braces. */
export function renderTemplate(
  text: string,
  variables: Readonly<Record<string, string | number | boolean>>,
): string {
  return text.replace(/\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g, (_, name: string) =>
    String(variables[name] ?? ''),
  )
}
