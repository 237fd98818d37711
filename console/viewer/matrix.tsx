/** A matrix of coils by coils as a picture: noise covariance and correlation. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { figure } from '../lib/format.ts';
import { viridis } from './colours.ts';
import type { Nifti } from './nifti.ts';

export function MatrixPicture({
  nifti,
  name,
  top,
  onCanvas,
}: {
  nifti: Nifti;
  name: string;
  top: number;
  onCanvas?: (canvas: HTMLCanvasElement | null) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cell, setCell] = useState<[row: number, column: number]>();
  const [size] = nifti.dims;
  useEffect(() => {
    if (canvas.current) paint(canvas.current, nifti, top);
    onCanvas?.(canvas.current);
  }, [nifti, top]);
  const strongest = strongestPair(nifti);
  return (
    <div class="matrix-box">
      <canvas
        ref={canvas}
        class="matrix"
        role="img"
        aria-label={`${name}: modulus for ${size} by ${size} coils. Strongest between two coils: ${figure(strongest.value)}, coils ${strongest.row + 1} and ${strongest.column + 1}.`}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const at = (part: number): number => Math.max(0, Math.min(size - 1, Math.floor(part * size)));
          setCell([at((event.clientY - box.top) / box.height), at((event.clientX - box.left) / box.width)]);
        }}
        onPointerLeave={() => setCell(undefined)}
      />
      <p class="small">
        {cell
          ? `Coils ${cell[0] + 1} and ${cell[1] + 1}: ${figure(nifti.data[cell[1] * size + cell[0]])}`
          : `Strongest between two coils: ${figure(strongest.value)} (coils ${strongest.row + 1} and ${strongest.column + 1}). Dark 0, bright ${figure(top)}.`}
      </p>
    </div>
  );
}

/** Row i runs along x, column j along y, as the worker writes matrices. */
function paint(canvas: HTMLCanvasElement, { dims: [size], data }: Nifti, top: number): void {
  const scale = Math.max(1, Math.floor(640 / size));
  canvas.width = size * scale;
  canvas.height = size * scale;
  const context = canvas.getContext('2d');
  if (!context) return;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      context.fillStyle = `rgb(${viridis(data[column * size + row] / (top || 1)).join(' ')})`;
      context.fillRect(column * scale, row * scale, scale, scale);
    }
  }
}

function strongestPair({ dims: [size], data }: Nifti): { value: number; row: number; column: number } {
  let best = { value: 0, row: 0, column: 0 };
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      const value = data[column * size + row];
      if (value > best.value) best = { value, row, column };
    }
  }
  return best;
}
