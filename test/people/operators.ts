import { generateKeyPairSync } from 'node:crypto';

/** A person with a fresh key: what stands in the operators file, and what she keeps. */
export interface Person {
  readonly name: string;
  /** Base64 of the DER form. */
  readonly public_key: string;
  readonly public_pem: string;
  readonly private_pem: string;
}

export function person(name: string): Person {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    name,
    public_key: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    public_pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    private_pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

export const entryOf = ({ name, public_key }: Person) => ({ name, public_key });
