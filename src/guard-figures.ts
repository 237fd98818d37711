/** Figures of what protects the broker: requests refused under load, services of AWS in trouble, jobs set aside. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Poison } from '../services/clockwork/poison.ts';
import type { DependencyHealth } from './aws/dependency-health.ts';
import type { Admission } from './plugins/admission.ts';

export interface GuardFiguresDeps {
  admission: Pick<Admission, 'inFlight' | 'refused'>;
  health: Pick<DependencyHealth, 'list'>;
  poison: Pick<Poison, 'count' | 'releases'>;
}

/** Adds the figures to a registry; they are read when they are asked for. */
export function createGuardFigures({ admission, health, poison }: GuardFiguresDeps) {
  return (registry: Registry): void => {
    const registers = [registry];
    new Gauge({
      name: 'cloudmr_requests_in_flight',
      help: 'Requests under way',
      registers,
      collect() {
        this.set(admission.inFlight());
      },
    });
    new Counter({
      name: 'cloudmr_requests_refused_total',
      help: 'Requests refused with 503 because too many were under way',
      registers,
      collect() {
        this.reset();
        this.inc(admission.refused());
      },
    });
    new Gauge({
      name: 'cloudmr_dependency_state',
      help: '1 for the state in which a service of AWS is, as the calls of this process have found it',
      labelNames: ['dependency', 'state'],
      registers,
      collect() {
        this.reset();
        for (const { name, state } of health.list()) this.set({ dependency: name, state }, 1);
      },
    });
    new Counter({
      name: 'cloudmr_jobs_set_aside_total',
      help: 'Jobs that this process has set aside because their steps failed, and that it has let go',
      labelNames: ['act'],
      registers,
      collect() {
        this.reset();
        this.inc({ act: 'set_aside' }, poison.count());
        this.inc({ act: 'released' }, poison.releases());
      },
    });
  };
}
