/** One canvas that shows slices of a map: NiiVue behind the few acts that the viewer needs. Loaded when one is shown. */
import { Niivue, SLICE_TYPE } from '@niivue/niivue';
import type { ColourMap } from './colours.ts';
import type { Nifti } from './nifti.ts';
import { ellipse, type RegionStatistics, regionStatistics } from './statistics.ts';

export type Plane = 'axial' | 'coronal' | 'sagittal' | 'all' | 'solid';

const SLICE_TYPES: Record<Plane, SLICE_TYPE> = {
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  all: SLICE_TYPE.MULTIPLANAR,
  solid: SLICE_TYPE.RENDER,
};
/** How much of the canvas is the map's; the colour bar has the rest, so that it covers nothing. */
const MAP_PART = 0.92;
/** The axis of space along which the slices of a plane follow each other. */
const AXES: Partial<Record<Plane, 0 | 1 | 2>> = { sagittal: 0, coronal: 1, axial: 2 };

/** Where the crosshair is, in pixels of the patient's axes (right, anterior, superior), and what is there. */
export interface Location {
  readonly at: readonly [number, number, number];
  readonly value: number | undefined;
}

export interface SliceViewEvents {
  onLocation(location: Location): void;
  /** The person has changed the window by dragging. */
  onWindow(low: number, high: number): void;
  /** The person has drawn. */
  onRegion(): void;
}

/** What is drawn: nothing, inside a closed line, or away with it. */
export type Pen = 'off' | 'draw' | 'erase';

export class SliceView {
  readonly canvas: HTMLCanvasElement;
  readonly #nv: Niivue;
  readonly #events: SliceViewEvents;
  /** Whose crosshair follows. */
  #follower: SliceView | undefined;

  private constructor(canvas: HTMLCanvasElement, events: SliceViewEvents) {
    this.canvas = canvas;
    this.#events = events;
    this.#nv = new Niivue({
      backColor: [0.02, 0.03, 0.04, 1],
      crosshairColor: [0.31, 0.82, 0.75, 0.9],
      crosshairWidth: 0.25,
      show3Dcrosshair: true,
      isColorbar: true,
      isOrientCube: false,
      dragAndDropEnabled: false,
      logLevel: 'error',
      fontSizeScaling: 0.32,
      fontMinPx: 11,
      colorbarHeight: 0.035,
    });
  }

  /** Takes a canvas. Throws Error if the browser has no WebGL 2. */
  static async on(canvas: HTMLCanvasElement, events: SliceViewEvents): Promise<SliceView> {
    if (!document.createElement('canvas').getContext('webgl2')) {
      throw new Error(
        'This browser does not offer WebGL 2, which the viewer needs. The pictures of the worker are below.',
      );
    }
    const view = new SliceView(canvas, events);
    await view.#nv.attachToCanvas(canvas, false);
    view.#nv.onLocationChange = () => events.onLocation(view.location());
    view.#nv.setDrawOpacity(0.45);
    view.#nv.onDrawingChanged = () => events.onRegion();
    view.#nv.onIntensityChange = ({ cal_min, cal_max }) => events.onWindow(cal_min ?? 0, cal_max ?? 1);
    return view;
  }

  /** Shows a map instead of the one before. */
  async show(nifti: Nifti, name: string): Promise<void> {
    const nv = this.#nv;
    this.clearRegion();
    while (nv.volumes.length > 0) nv.removeVolumeByIndex(0);
    await nv.loadFromArrayBuffer(nifti.bytes.slice(0), `${name}.nii`);
  }

  /** Pixels along right, anterior, superior. */
  get dims(): readonly [number, number, number] {
    const [, x = 1, y = 1, z = 1] = this.#nv.volumes[0]?.dimsRAS ?? [];
    return [x, y, z];
  }

  /** The plane in which the slices were measured: the axis with the fewest pixels is across it. */
  get measuredPlane(): Plane {
    const fewest = Math.min(...this.dims);
    return (
      (['axial', 'coronal', 'sagittal'] as const).find((plane) => this.dims[AXES[plane] ?? 2] === fewest) ??
      'axial'
    );
  }

  /** How many slices a plane has; 0 where there is no one axis. */
  slices(plane: Plane): number {
    const axis = AXES[plane];
    return axis === undefined ? 0 : this.dims[axis];
  }

  location(): Location {
    const at = [0, 1, 2].map((axis) => this.#pixel(axis)) as [number, number, number];
    const [nx, ny] = this.dims;
    const value = this.#values()?.[at[0] + nx * (at[1] + ny * at[2])];
    return { at, value };
  }

  /** Moves the crosshair to a pixel. */
  moveTo(at: readonly [number, number, number]): void {
    const { dims } = this;
    at.forEach((pixel, axis) => {
      this.#nv.scene.crosshairPos[axis] = (Math.max(0, Math.min(dims[axis] - 1, pixel)) + 0.5) / dims[axis];
    });
    this.#nv.drawScene();
    this.#events.onLocation(this.location());
    this.#follower?.moveToPlace(this.#nv.frac2mm(this.#nv.scene.crosshairPos));
  }

  /** Moves the crosshair to a place in space (mm). */
  moveToPlace(mm: ArrayLike<number>): void {
    this.#nv.scene.crosshairPos = this.#nv.mm2frac([mm[0], mm[1], mm[2]]);
    this.#nv.drawScene();
    this.#events.onLocation(this.location());
  }

  setPlane(plane: Plane): void {
    const nv = this.#nv;
    if (AXES[plane] === undefined) nv.clearCustomLayout();
    else nv.setCustomLayout([{ sliceType: SLICE_TYPES[plane], position: [0, 0, 1, MAP_PART] }]);
    nv.setSliceType(SLICE_TYPES[plane]);
  }

  setSlice(plane: Plane, index: number): void {
    const axis = AXES[plane];
    if (axis === undefined) return;
    const at = [...this.location().at] as [number, number, number];
    at[axis] = index;
    this.moveTo(at);
  }

  setWindow(low: number, high: number): void {
    const volume = this.#nv.volumes[0];
    if (!volume) return;
    volume.cal_min = low;
    volume.cal_max = high;
    this.#nv.updateGLVolume();
  }

  setColours(map: ColourMap): void {
    const volume = this.#nv.volumes[0];
    if (volume) this.#nv.setColormap(volume.id, map);
  }

  setPen(pen: Pen): void {
    const nv = this.#nv;
    if (pen !== 'off' && !nv.drawBitmap) nv.createEmptyDrawing();
    nv.setDrawingEnabled(pen !== 'off');
    if (pen !== 'off') nv.setPenValue(pen === 'draw' ? 1 : 0, true);
  }

  /** Marks an ellipse around the crosshair, in its slice; `plane` says across which axis. */
  markEllipse(width: number, height: number): void {
    const nv = this.#nv;
    nv.createEmptyDrawing();
    const { at } = this.location();
    const axis = AXES[this.measuredPlane] ?? 2;
    const [u, v] = [0, 1, 2].filter((one) => one !== axis);
    const { dims } = this;
    const flat = ellipse([dims[u], dims[v], 1], { x: at[u], y: at[v], z: 0, width, height });
    const strides = [1, dims[0], dims[0] * dims[1]];
    const drawing = nv.drawBitmap;
    if (!drawing) return;
    flat.forEach((inside, i) => {
      const [pu, pv] = [i % dims[u], Math.floor(i / dims[u])];
      if (inside) drawing[pu * strides[u] + pv * strides[v] + at[axis] * strides[axis]] = 1;
    });
    nv.refreshDrawing(true);
    this.#events.onRegion();
  }

  /** What lies in the drawn region; undefined if nothing is drawn. */
  region(): RegionStatistics | undefined {
    const [values, drawing] = [this.#values(), this.#nv.drawBitmap];
    return values && drawing ? regionStatistics(values, drawing) : undefined;
  }

  /** Marks the same pixels as in a view of a map of the same size. */
  takeRegion(other: SliceView): void {
    const drawing = other.#nv.drawBitmap;
    if (!drawing || this.dims.join() !== other.dims.join()) return;
    if (!this.#nv.drawBitmap) this.#nv.createEmptyDrawing();
    this.#nv.drawBitmap?.set(drawing);
    this.#nv.refreshDrawing(true);
  }

  clearRegion(): void {
    this.#nv.setDrawingEnabled(false);
    this.#nv.closeDrawing();
  }

  /** Crosshair, zoom and slices follow each other in both directions. */
  link(other: SliceView): void {
    this.#nv.broadcastTo(other.#nv, { '2d': true, '3d': true });
    other.#nv.broadcastTo(this.#nv, { '2d': true, '3d': true });
    this.#follower = other;
    other.#follower = this;
  }

  /** The map with its region and colour bar as a PNG, without the crosshair. */
  picture(): Promise<Blob> {
    const { opts } = this.#nv;
    const width = opts.crosshairWidth;
    opts.crosshairWidth = 0;
    this.#nv.drawScene();
    // What was drawn is there until this task ends; later the canvas would be blank.
    const done = new Promise<Blob>((resolve, reject) => {
      this.canvas.toBlob((blob) =>
        blob ? resolve(blob) : reject(new Error('The picture could not be made.')),
      );
    });
    opts.crosshairWidth = width;
    this.#nv.drawScene();
    return done;
  }

  /** Gives the memory of the graphics card back. */
  close(): void {
    this.#nv.cleanup();
    this.canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #values(): ArrayLike<number> | undefined {
    return this.#nv.volumes[0]?.img2RAS();
  }

  #pixel(axis: number): number {
    const n = this.dims[axis];
    return Math.max(0, Math.min(n - 1, Math.floor(this.#nv.scene.crosshairPos[axis] * n)));
  }
}
