import { DefaultFailureConverter } from '@temporalio/common';

/** With keys, messages and stacks of failures travel inside a payload, so that they are encrypted too. The SDK loads it by path. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
