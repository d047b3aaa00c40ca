/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What Prometheus would have read from an address at one moment. */
export class Scrape {
  readonly samples: readonly Sample[];
  readonly types: ReadonlyMap<string, string>;

  constructor(text: string) {
    const types = new Map<string, string>();
    const samples: Sample[] = [];
    for (const line of text.split('\n')) {
      const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      if (name !== '') types.set(name, type);
      const sample = sampleIn(line);
      if (sample !== null) samples.push(sample);
    }
    this.samples = samples;
    this.types = types;
  }

  /** The sum of the series with these labels; 0 when there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels);
    return this.samples
      .filter((each) => each.name === name)
      .filter((each) => wanted.every(([label, value]) => each.labels[label] === value))
      .reduce((sum, each) => sum + each.value, 0);
  }
}

export async function scrape(address: string): Promise<Scrape> {
  const response = await fetch(`http://${address}/metrics`);
  return new Scrape(await response.text());
}

function sampleIn(line: string): Sample | null {
  const [, name, inside = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) return null;
  const labels = [...inside.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, label = '', text = '']) => [label, text],
  );
  return {
    name,
    labels: Object.fromEntries(labels) as Record<string, string>,
    value: Number(value),
  };
}
