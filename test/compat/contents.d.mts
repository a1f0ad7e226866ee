export function versions(): readonly (readonly object[])[]
