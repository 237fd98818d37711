/** What a person who has no job yet does first. */
import type { Unit } from '../../lib/api.ts';
import { useMe } from '../../lib/me.ts';
import { Link } from '../../lib/router.tsx';

export function FirstSteps({ units }: { units: readonly Unit[] }) {
  const me = useMe();
  const ready = units.some(({ status }) => status === 'ready');
  return (
    <section class="card" aria-labelledby="first">
      <h2 id="first">From raw data to an SNR map</h2>
      <ol class="steps">
        <li>
          <h3>{ready ? 'A computing unit is ready' : 'Find a place to compute'}</h3>
          <p class="soft">
            {ready ? (
              'Jobs can run now. You may also connect an AWS account of your own, so that data never leaves it.'
            ) : (
              <>
                <Link to="/units/connect">Connect your AWS account</Link>
                {me.role === 'admin' && (
                  <>
                    , or <Link to="/admin/units">register the unit of the platform</Link>
                  </>
                )}
                .
              </>
            )}
          </p>
        </li>
        <li>
          <h3>Upload raw k-space</h3>
          <p class="soft">
            ISMRMRD (.h5) or Siemens TWIX (.dat), with a noise scan unless the file holds its own.{' '}
            <Link to="/files">Upload files</Link>
          </p>
        </li>
        <li>
          <h3>Choose what to measure</h3>
          <p class="soft">
            Presets for the SNR of a coil and for g-factors; price and time are shown before anything runs.{' '}
            <Link to="/jobs/new">New job</Link>
          </p>
        </li>
      </ol>
    </section>
  );
}
