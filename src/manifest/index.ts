export type {
  BuiltManifest, EntryKind, ManifestDifference, ManifestEdit, ManifestEntry, ManifestTotals, ManifestValue, TreeDifference, TreeEdit, TreeItem, ValueCodec,
} from './interface.ts'
export { type BuiltTree, TreeBuilder } from './tree-builder.ts'
export { editTree, type EditTreeOptions } from './edit-tree.ts'
export { countTree, getValue, scanTree, type ScanRange } from './read-tree.ts'
export { diffTrees } from './diff-trees.ts'
export { verifyTree } from './verify-tree.ts'
export { diffManifests, editManifest, Manifest, ManifestBuilder, openManifest, verifyManifest } from './manifest.ts'
export { manifestCodec, manifestValuesEqual } from './manifest-values.ts'
export { checkProof, type ManifestProof, provePath } from './proof.ts'
export { assertPath, displayPath, keyFromPath, pathFromKey, pathFromText, pathToText } from './path.ts'
