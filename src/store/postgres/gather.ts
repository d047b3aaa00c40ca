interface Question<V> {
  readonly key: string;
  readonly answer: (value: V | undefined) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Questions that come at the same moment are asked as one: whoever looks at many things at once makes few queries of it.
 * `load` answers for the keys that it knows.
 */
export function gathered<V>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
): (key: string) => Promise<V | undefined> {
  let waiting: Question<V>[] = [];

  const ask = async (): Promise<void> => {
    const asked = waiting;
    waiting = [];
    try {
      const known = await load([...new Set(asked.map(({ key }) => key))]);
      for (const { key, answer } of asked) answer(known.get(key));
    } catch (error) {
      for (const { refuse } of asked) refuse(error);
    }
  };

  return (key) =>
    new Promise((answer, refuse) => {
      if (waiting.length === 0) setImmediate(() => void ask());
      waiting.push({ key, answer, refuse });
    });
}
