import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '@phonevoice/base'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@phonevoice/embedded-postgres'

/** A Postgres that may be killed. It keeps what it has said is written, as in production. */
export interface ChaosPostgres {
  /** A superuser's. */
  url: string
  /** SIGKILL, and the same data at the same address again; returns when it accepts connections. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startPostgres(): Promise<ChaosPostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-chaos-postgres-'))
  // As root the database runs as another user, who must be able to pass.
  chmodSync(folder, 0o711)
  const dataDir = path.join(folder, 'data')
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, log: silentLog })
  const killAtExit = (): void => void tryKill(server.pid)
  process.once('exit', killAtExit)
  return {
    url: server.adminUrl,
    async restart() {
      const { port } = server
      tryKill(server.pid)
      await server.stop()
      server = await startEmbeddedPostgres({ dataDir, port, log: silentLog })
    },
    async stop() {
      process.off('exit', killAtExit)
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
