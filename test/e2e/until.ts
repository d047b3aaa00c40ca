/** Looks again and again until it is so: for what no event tells. @throws Error after 20 s */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 20_000;
  while (!(await look())) {
    if (performance.now() > giveUp) throw new Error(`20 s went by, and still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
