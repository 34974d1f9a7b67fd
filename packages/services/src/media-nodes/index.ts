export { announceNode, type NodeAnnouncement } from './announce-node.ts'
export { drainNode, removeNode } from './leave.ts'
export { reserveNode } from './reserve-node.ts'
