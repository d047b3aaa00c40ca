/** The package has no types of its own: the part that is used here. */
declare module 'fs-native-extensions' {
  /** Locks the whole file for this descriptor; false when another descriptor holds it. */
  export function tryLock(fd: number, options?: { readonly shared?: boolean }): boolean;
}
