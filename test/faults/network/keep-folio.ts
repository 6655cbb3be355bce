// A process of its own that stands for FOLIO's mapping metadata on a host of the network. argv: its address, its port.
import { folioPeers } from '../../support/folio-peers.ts'

const [address = '', port = ''] = process.argv.slice(2)
await folioPeers({ address, port: Number(port) })
