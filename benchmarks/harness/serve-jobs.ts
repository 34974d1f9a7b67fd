/** A job of a benchmark's own child process: plain data in, plain data out. */
export type Job = (input: never) => unknown | Promise<unknown>

/** Tells the parent that this process is ready and runs the jobs it asks for. */
export function serveJobs(jobs: Readonly<Record<string, Job>>): void {
  process.on('message', (message) => {
    const { type, id, job, input } = message as { type: string; id: number; job: string; input: never }
    if (type === 'job') void run(id, jobs[job], input)
  })
  // The guard lets a process end that has nothing left to do; this one waits for its parent.
  process.channel?.ref()
  process.send?.({ type: 'listening' })
}

async function run(id: number, job: Job | undefined, input: never): Promise<void> {
  try {
    if (!job) throw new Error('There is no such job.')
    process.send?.({ type: 'answer', id, result: await job(input) })
  } catch (error) {
    process.send?.({
      type: 'answer',
      id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
}
