/** Password hashes by argon2id with the parameters OWASP recommends (19 MiB, 2 passes, 1 lane). */
import { hash, verify } from '@node-rs/argon2';
import type { Passwords } from '../../services/identity/ports.ts';

const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };

/** Creates the hasher; the work runs on libuv's threads, the event loop stays free. Tests may ask for a cheaper one. */
export function createPasswords(cost: Partial<typeof PARAMETERS> = {}): Passwords {
  return {
    hash: (password) => hash(password, { ...PARAMETERS, ...cost }),
    async verify(stored, password) {
      // verify() rejects only for a hash that is no PHC string; such an account has no usable password.
      if (!stored.startsWith('$argon2id$')) return false;
      return verify(stored, password);
    },
  };
}
