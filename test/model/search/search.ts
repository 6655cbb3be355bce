/** One step of a world. What is not fair may never happen again: an end that needs it is no end to count on. */
export interface Move<W> {
  readonly name: string
  readonly fair: boolean
  readonly world: W
  /** What was broken on the way, which the world after it does not show. */
  readonly fault?: string | undefined
}

export interface Rules<W> {
  readonly moves: (world: W) => readonly Move<W>[]
  /** Two worlds of one key go on alike. */
  readonly key: (world: W) => string
  /** What is broken in this world; undefined when nothing is. */
  readonly fault: (world: W) => string | undefined
  readonly isEnd: (world: W) => boolean
}

export interface Found {
  readonly states: number
  readonly edges: number
  /** How often each move was made. */
  readonly moves: ReadonlyMap<string, number>
  /** The shortest way to something broken. */
  readonly violation: { readonly fault: string; readonly way: readonly string[] } | null
  /** States from which no fair way leads to an end; the way to one of them. */
  readonly stuck: { readonly states: number; readonly way: readonly string[] } | null
}

/** All worlds that can be reached, breadth first: the first violation is a shortest one. */
export function search<W>(start: W, rules: Rules<W>): Found {
  const seen = new Map<string, number>([[rules.key(start), 0]])
  const parents = [0]
  const names = ['']
  const ends: number[] = []
  const from: number[] = []
  const to: number[] = []
  const moves = new Map<string, number>()
  const wayTo = (state: number): string[] => (state === 0 ? [] : [...wayTo(parents[state] ?? 0), names[state] ?? ''])
  const answer = (violation: Found['violation'], stuck: Found['stuck'] = null): Found => {
    return { states: seen.size, edges: from.length, moves, violation, stuck }
  }

  let layer: { readonly world: W; readonly state: number }[] = [{ world: start, state: 0 }]
  while (layer.length > 0) {
    const next: typeof layer = []
    for (const { world, state } of layer) {
      if (rules.isEnd(world)) ends.push(state)
      for (const move of rules.moves(world)) {
        const kind = move.name.split(' ')[0] ?? ''
        const key = rules.key(move.world)
        let reached = seen.get(key)
        const isNew = reached === undefined
        if (reached === undefined) {
          reached = seen.size
          seen.set(key, reached)
          parents.push(state)
          names.push(move.name)
          next.push({ world: move.world, state: reached })
        }
        const fault = move.fault ?? (isNew ? rules.fault(move.world) : undefined)
        if (fault !== undefined) return answer({ fault, way: [...wayTo(state), move.name] })
        if (reached !== state) moves.set(kind, (moves.get(kind) ?? 0) + 1)
        if (move.fair && reached !== state) {
          from.push(reached)
          to.push(state)
        }
      }
    }
    layer = next
  }
  const stuck = withoutEnd(seen.size, ends, from, to)
  const [first] = stuck
  return answer(null, first === undefined ? null : { states: stuck.length, way: wayTo(first) })
}

/** States that none of the ends is reached from, going back along the edges from each end. */
function withoutEnd(states: number, ends: readonly number[], from: readonly number[], to: readonly number[]): number[] {
  const first = new Int32Array(states + 1)
  for (const state of from) first[state + 1] = (first[state + 1] ?? 0) + 1
  for (let i = 0; i < states; i++) first[i + 1] = (first[i + 1] ?? 0) + (first[i] ?? 0)
  const edges = new Int32Array(from.length)
  const filled = first.slice()
  from.forEach((state, i) => {
    const at = filled[state] ?? 0
    filled[state] = at + 1
    edges[at] = to[i] ?? 0
  })
  const canEnd = new Uint8Array(states)
  const open = [...ends]
  for (const end of ends) canEnd[end] = 1
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (let i = first[state] ?? 0; i < (first[state + 1] ?? 0); i++) {
      const before = edges[i] ?? 0
      if (canEnd[before] === 1) continue
      canEnd[before] = 1
      open.push(before)
    }
  }
  return Array.from({ length: states }, (_, i) => i).filter((i) => canEnd[i] === 0)
}
