/**
 * Sentences for people are no promise of the contract: their wording may change. Everything that programs and readings go by
 * (codes, names, clause ids, separators of what is hashed) holds no blank, and is mutated.
 */
const text = ({ node }) => {
  if (node.type === 'StringLiteral') return node.value;
  if (node.type !== 'TemplateLiteral') return null;
  return node.quasis.map((quasi) => quasi.value.raw).join('…');
};

/** What an impossible state is called: no test can see it, because no test can cause it. */
const ofInvariant = (path) =>
  path.parentPath?.isCallExpression() === true &&
  path.parentPath.get('callee').isIdentifier({ name: 'invariant' });

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'sentences',
    value: {
      shouldIgnore(path) {
        const said = text(path);
        if (said === null) return undefined;
        if (ofInvariant(path)) return 'what an impossible state is called';
        return /\S \S/.test(said) ? 'the words of a sentence for people' : undefined;
      },
    },
  },
];
