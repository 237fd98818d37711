/** The person who is signed in, for all parts of a page. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

export interface Me {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly role: 'user' | 'developer' | 'admin';
}

export const MeContext = createContext<Me | undefined>(undefined);

export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error('nobody is signed in');
  return me;
}
