/** The result of a job as pictures: one map at a time, with what can be done with it. */
import { useEffect, useState } from 'preact/hooks';
import { bytes } from '../lib/format.ts';
import { Loading, Notice, Problem, Progress } from '../ui/parts.tsx';
import type { ColourMap } from './colours.ts';
import { MatrixPicture } from './matrix.tsx';
import type { Nifti } from './nifti.ts';
import { RegionPanel, SlicePanel, WindowPanel } from './panels.tsx';
import { type Result, type ResultMap, saveAs } from './result.ts';
import type { Location, Plane, SliceView } from './slice-view.ts';
import { Stage } from './stage.tsx';
import { goodWindow, type RegionStatistics } from './statistics.ts';
import { Thumbs } from './thumbs.tsx';
import { useResult } from './use-result.ts';

const CORRELATION = 2;

export interface ViewerProps {
  jobId: string;
  attempt: number;
  alias: string;
  resultBytes: number | undefined;
}

export function Viewer({ jobId, attempt, alias, resultBytes }: ViewerProps) {
  const loaded = useResult(jobId, attempt);
  if (loaded.kind === 'failed') return <Problem error={loaded.error} />;
  if (loaded.kind === 'loading') {
    const whole = resultBytes ?? 0;
    return (
      <div class="card viewer">
        <div class="stage">
          <div class="stage-message" role="status">
            <p>
              Loading the result straight from its bucket: {bytes(loaded.received)}
              {whole > 0 && ` of ${bytes(whole)}`}
            </p>
            <Progress value={whole > 0 ? loaded.received / whole : 0} label="Loading the result" />
          </div>
        </div>
      </div>
    );
  }
  return <Opened result={loaded.result} alias={alias} />;
}

function Opened({ result, alias }: { result: Result; alias: string }) {
  const [map, setMap] = useState<ResultMap | 'overview'>(result.maps[0] ?? 'overview');
  const [nifti, setNifti] = useState<{ of: ResultMap; nifti: Nifti }>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (map === 'overview') return;
    let left = false;
    setError(undefined);
    map.load().then(
      (loaded) => !left && setNifti({ of: map, nifti: loaded }),
      (problem: unknown) => !left && setError(problem),
    );
    return () => {
      left = true;
    };
  }, [map]);
  const open = map !== 'overview' && nifti?.of === map ? nifti.nifti : undefined;
  return (
    <div class="stack">
      {result.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p>{warning}</p>
        </Notice>
      ))}
      <Problem error={error} />
      {map === 'overview' ? (
        <div class="card">
          <img class="overview" src={result.overview} alt="Overview of the result, as the worker drew it" />
        </div>
      ) : !open ? (
        <Loading what={map.name} />
      ) : map.isMatrix ? (
        <MatrixCard map={map} nifti={open} alias={alias} />
      ) : (
        <MapCard map={map} nifti={open} alias={alias} />
      )}
      <Thumbs result={result} chosen={map} onChoose={setMap} />
    </div>
  );
}

function MapCard({ map, nifti, alias }: { map: ResultMap; nifti: Nifti; alias: string }) {
  const [window, setWindow] = useState<readonly [number, number]>(() => goodWindow(nifti.data));
  const [of, setOf] = useState(nifti);
  const [colours, setColours] = useState<ColourMap>('viridis');
  const [plane, setPlane] = useState<Plane>();
  const [view, setView] = useState<SliceView>();
  const [location, setLocation] = useState<Location>();
  const [region, setRegion] = useState<RegionStatistics>();
  if (of !== nifti) {
    setOf(nifti);
    setWindow(goodWindow(nifti.data));
    setRegion(undefined);
  }
  return (
    <div class="card viewer">
      <Stage
        nifti={nifti}
        name={map.name}
        window={window}
        colours={colours}
        plane={plane}
        onView={setView}
        onLocation={setLocation}
        onWindow={(low, high) => setWindow([low, high])}
        onRegion={() => setRegion(view?.region())}
      />
      <div class="controls">
        <WindowPanel
          nifti={nifti}
          window={window}
          onWindow={setWindow}
          colours={colours}
          onColours={setColours}
        />
        {view && (
          <>
            <SlicePanel
              view={view}
              plane={plane ?? view.measuredPlane}
              onPlane={setPlane}
              location={location}
            />
            <RegionPanel
              view={view}
              region={region}
              onClear={() => {
                view.clearRegion();
                setRegion(undefined);
              }}
            />
          </>
        )}
        <section>
          <h2>Save</h2>
          <SaveButtons map={map} alias={alias} picture={view && (() => view.picture())} />
        </section>
      </div>
    </div>
  );
}

function MatrixCard({ map, nifti, alias }: { map: ResultMap; nifti: Nifti; alias: string }) {
  const [canvas, setCanvas] = useState<HTMLCanvasElement | null>(null);
  const top = map.id === CORRELATION ? 1 : nifti.data.reduce((a, b) => Math.max(a, b), 0);
  return (
    <div class="card viewer">
      <div class="stage" data-shown={map.name}>
        <MatrixPicture nifti={nifti} name={map.name} top={top} onCanvas={setCanvas} />
      </div>
      <div class="controls">
        <section>
          <h2>{map.name}</h2>
          <p class="soft small">
            {map.id === CORRELATION
              ? 'How much of the noise two coils share: 0 none, 1 all of it. Strong values away from the diagonal point to coupled elements.'
              : 'How strong the noise of each coil is, and what coils share of it, in units of the raw data.'}
          </p>
        </section>
        <section>
          <h2>Save</h2>
          <SaveButtons
            map={map}
            alias={alias}
            picture={
              canvas
                ? () => new Promise<Blob>((done) => canvas.toBlob((blob) => done(blob ?? new Blob())))
                : undefined
            }
          />
        </section>
      </div>
    </div>
  );
}

function SaveButtons({
  map,
  alias,
  picture,
}: {
  map: ResultMap;
  alias: string;
  picture: (() => Promise<Blob>) | undefined;
}) {
  const base = `${alias}-${map.name}`.replace(/[^\w.-]+/g, '-');
  return (
    <div class="row">
      <button
        type="button"
        class="tight"
        disabled={!picture}
        onClick={() => void picture?.().then((blob) => saveAs(`${base}.png`, blob))}
      >
        PNG
      </button>
      <button
        type="button"
        class="tight"
        onClick={() => void map.file.read().then((content) => saveAs(`${base}.nii.gz`, new Blob([content])))}
      >
        NIfTI
      </button>
    </div>
  );
}
