// An example bundle, stamped as if it had been taken now: node examples/fresh.mjs examples/bundles/calm-trend.json > bundle.json
import { readFileSync } from 'node:fs';
import demo from '../dist/demo/fresh.js';

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node examples/fresh.mjs BUNDLE.json > bundle.json\n');
  process.exit(1);
}
const bundle = JSON.parse(readFileSync(file, 'utf8'));
process.stdout.write(`${JSON.stringify(demo.fresh(bundle, Date.now()), null, 2)}\n`);
