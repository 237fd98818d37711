/** A canvas with slices of a map; the viewer is loaded when the first one is shown. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { figure } from '../lib/format.ts';
import { Problem } from '../ui/parts.tsx';
import type { ColourMap } from './colours.ts';
import type { Nifti } from './nifti.ts';
import type { Location, Plane, SliceView } from './slice-view.ts';

export interface StageProps {
  nifti: Nifti;
  name: string;
  window: readonly [number, number];
  colours: ColourMap;
  /** Undefined: the one that was measured. */
  plane: Plane | undefined;
  onView?: (view: SliceView | undefined) => void;
  onLocation?: (location: Location) => void;
  onWindow?: (low: number, high: number) => void;
  onRegion?: () => void;
  children?: ComponentChildren;
}

export function Stage(props: StageProps) {
  const { nifti, name, window, colours, plane, children } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const now = useRef(props);
  now.current = props;
  const [view, setView] = useState<SliceView>();
  const [shown, setShown] = useState<Nifti>();
  const [location, setLocation] = useState<Location>();
  const [error, setError] = useState<unknown>();

  useEffect(() => {
    let closed = false;
    let made: SliceView | undefined;
    const open = async (): Promise<void> => {
      const module = await import('./slice-view.ts');
      if (closed || !canvas.current) return;
      made = await module.SliceView.on(canvas.current, {
        onLocation(next) {
          setLocation(next);
          now.current.onLocation?.(next);
        },
        onWindow: (low, high) => now.current.onWindow?.(low, high),
        onRegion: () => now.current.onRegion?.(),
      });
      if (closed) made.close();
      else setView(made);
    };
    open().catch(setError);
    return () => {
      closed = true;
      made?.close();
      now.current.onView?.(undefined);
    };
  }, []);

  useEffect(() => {
    if (!view) return;
    let left = false;
    view.show(nifti, name).then(
      () => {
        if (left) return;
        view.setColours(now.current.colours);
        view.setWindow(...now.current.window);
        view.setPlane(now.current.plane ?? view.measuredPlane);
        view.moveTo(view.dims.map((size) => size >> 1) as [number, number, number]);
        setShown(nifti);
        now.current.onView?.(view);
      },
      (problem: unknown) => setError(problem),
    );
    return () => {
      left = true;
    };
  }, [view, nifti]);
  useEffect(() => {
    if (shown) view?.setColours(colours);
  }, [colours]);
  useEffect(() => {
    if (shown) view?.setWindow(...window);
  }, [window[0], window[1]]);
  useEffect(() => {
    if (shown) view?.setPlane(plane ?? view.measuredPlane);
  }, [plane]);

  const place = location ? `x ${location.at[0] + 1}, y ${location.at[1] + 1}, z ${location.at[2] + 1}` : '';
  return (
    <div class="stage" data-shown={shown === nifti ? name : undefined}>
      {/* What the canvas does, the fields beside it do by keyboard. */}
      <canvas ref={canvas} role="img" aria-label={`${name}. ${place}: ${figure(location?.value)}`} />
      {location && shown && (
        <p class="readout">
          {place} &nbsp; <strong>{figure(location.value)}</strong>
        </p>
      )}
      {error !== undefined && (
        <div class="stage-message">
          <Problem error={error} />
        </div>
      )}
      {children}
    </div>
  );
}
