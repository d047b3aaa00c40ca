/** Bounds of one run, shared by the process that watches and the one that is watched. */

/** A result, or one effect's payload, as JSON. */
export const VALUE_MAX_BYTES = 1024 * 1024;
/** One line from the child: a value and what is around it. */
export const LINE_MAX_BYTES = VALUE_MAX_BYTES + 64 * 1024;
/** Everything that the child says in one run. */
export const TOTAL_MAX_BYTES = 64 * 1024 * 1024;
export const MESSAGES_MAX = 4096;
export const EFFECTS_MAX = 1000;
export const LOG_LINES_MAX = 1000;
export const LOG_LINE_MAX = 2048;
/** Nesting of a value, as in a document. */
export const DEPTH_MAX = 64;
export const RESOURCE_MAX = 200;
export const DETAIL_MAX = 500;
/** Of V8's heap. A bundle of 16 MiB, parsed, must fit. */
export const HEAP_MIB = 256;
/** Resident memory of the whole child, buffers included; watched where there is /proc. */
export const RESIDENT_MIB = 512;
/** Writable memory that the kernel gives it at all, where the operating system's walls stand. */
export const DATA_MIB = 768;
