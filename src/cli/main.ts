import { endWithReader, program, run } from './program';

const root = program();
endWithReader(root);
void run(root, process.argv);
