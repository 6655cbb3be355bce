/** Freezes a tree of plain objects and arrays in place. */
export function deepFreeze<T extends object>(tree: T): T {
  for (const branch of Object.values(tree)) if (typeof branch === 'object' && branch !== null) deepFreeze(branch as object)
  return Object.freeze(tree)
}
