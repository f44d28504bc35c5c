#!/usr/bin/env node
// Runs on any Node from 18 on, so that whoever types `npx steadfleet` gets either the program or
// one clear line. The program itself is TypeScript and wants the Node that this project pins.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wanted = 26
const home = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))
const main = join(home, 'src', 'main.ts')

if (Number(process.versions.node.split('.')[0]) >= wanted) await import(main)
else runWith(pinnedNode(home))

/** The pinned Node of the nearest node_modules, from this file upwards. */
function pinnedNode(from) {
  const own = join(from, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  if (existsSync(own)) return own
  const parent = dirname(from)
  return parent === from ? undefined : pinnedNode(parent)
}

function runWith(node) {
  if (node === undefined) {
    console.error(
      `error: cannot run on Node ${process.versions.node}: it takes ${wanted}  [cli/node]`,
    )
    console.error(`hint: run 'npm install' in the checkout; it brings node-linux-${process.arch}`)
    process.exitCode = 1
    return
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    // A terminal sends Ctrl-C to the whole foreground group: the child has it already.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', error => {
    console.error(`error: cannot start ${node}: ${error.message}  [cli/node]`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1
    else endBy(signal)
  })
}

/** Ends as the child ended, so that a shell sees the same thing. */
function endBy(signal) {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
