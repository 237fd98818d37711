/** What was done in the administrator's name, and with the accounts of the platform's units. */
import { AuditCard } from '../settings/audit.tsx';
import { Admin } from './admin.tsx';

export function AdminAudit() {
  return (
    <Admin>
      <p class="soft">
        Approvals, roles and codes that you have given out, and every entry into the account of a unit that is
        yours. Acts of other people are in their own trails.
      </p>
      <AuditCard />
    </Admin>
  );
}
