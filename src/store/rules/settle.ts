/** Carries an error of the caller's own past the wrappers that give errors of the store a name: it passes as it is. */
export async function settle<T>(body: () => Promise<T>): Promise<PromiseSettledResult<T>> {
  try {
    return { status: 'fulfilled', value: await body() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}
