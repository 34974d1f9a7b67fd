/** The reference page's style sheet: system fonts, light and dark, readable without scripts. */
export const REFERENCE_STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --accent: #7aa2ff; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); font-size: 0.875rem; }
nav h2 { font-size: 0.75rem; text-transform: uppercase; letter-spacing: 0.06em; opacity: 0.7; margin: 1.25rem 0 0.25rem; }
nav a { display: block; padding: 0.15rem 0; text-decoration: none; }
main { padding: 2rem clamp(1rem, 4vw, 4rem) 6rem; max-width: 64rem; }
a { color: var(--accent); }
section { border-top: 1px solid var(--line); padding: 1.5rem 0; }
h1 { margin-top: 0; }
h3 { margin: 0 0 0.25rem; }
code, pre { font: 0.85em/1.5 ui-monospace, monospace; }
code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 0.25em; }
pre { background: var(--soft); padding: 0.75rem 1rem; border-radius: 0.5rem; overflow-x: auto; }
pre code { background: none; padding: 0; }
.method { font: 700 0.8em ui-monospace, monospace; color: var(--accent); margin-right: 0.5em; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); }
td p { margin: 0; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; }
.required { font-size: 0.75em; opacity: 0.7; }
@media (max-width: 50rem) { body { display: block; } table { display: block; overflow-x: auto; } nav { position: static; height: auto; border: 0; } }
`
