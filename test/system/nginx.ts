import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './processes.ts'

export interface LoadBalancer {
  readonly url: string
  stop(): Promise<void>
}

/** Why a load balancer cannot be had here; undefined when it can. */
export function nginxMissing(): string | undefined {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'nginx is not on the PATH (Debian: nginx-light)'
  }
}

/** nginx in front of coordinators, set as in deploy/nginx.conf: short connect timeout, the next one when one is gone. */
export async function startNginx(dir: string, ports: readonly number[]): Promise<LoadBalancer> {
  const port = await freePort()
  const home = join(dir, 'nginx')
  await mkdir(home, { recursive: true })
  const config = join(home, 'nginx.conf')
  await writeFile(
    config,
    `daemon off; pid ${home}/pid; error_log ${home}/error.log; worker_processes 1; ${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off;
  client_body_temp_path ${home}; proxy_temp_path ${home}; fastcgi_temp_path ${home}; uwsgi_temp_path ${home}; scgi_temp_path ${home};
  upstream coordinators { ${ports.map((each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=5s;`).join(' ')} }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    location / {
      proxy_pass http://coordinators;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_connect_timeout 1s;
      proxy_next_upstream error timeout http_503;
    }
  }
}
`
  )
  const child = spawn('nginx', ['-c', config, '-p', home], { stdio: 'ignore' })
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGQUIT')
      if (child.exitCode === null) await once(child, 'exit')
    }
  }
}
