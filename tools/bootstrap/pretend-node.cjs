// Loaded into npm before its own code. npm leaves an optional package out, without a word, where the
// Node that npm runs on is too old for it. Ours run on the Node that is installed along with them.
Object.defineProperty(process, 'version', { value: process.env.STEADFLEET_NODE_VERSION })
