"""
The other side of the benchmark: the same calculations with numpy and scipy, as a competent user writes
them: complex64, scipy.fft with one worker, BLAS through matmul and einsum, batched linear algebra, and no
loop over pixels. Weights, kernels and unfolding matrices are made once and kept for all replicas.

    reference.py FOLDER

reads one command per line on the standard input, {"case": NAME}, does it once and answers with one line,
{"seconds": CPU seconds of this process, "wall": wall seconds}. Inputs are raw little-endian arrays in
FOLDER (shape.json says their sizes), results go to FOLDER/NAME.ARRAY.f32. Axes are [coil, y, x].
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.ndimage import uniform_filter

FOLDER = Path(sys.argv[1])
SHAPE = json.loads((FOLDER / "shape.json").read_text())
COILS, LINES, COLUMNS = SHAPE["coils"], SHAPE["lines"], SHAPE["columns"]
R = SHAPE["acceleration"]
RNG = np.random.default_rng(1)


def load(name, dtype=np.complex64):
    return np.fromfile(FOLDER / name, dtype).reshape(COILS, LINES, COLUMNS)


KSPACE = load("kspace.c64")
MAPS = load("maps.c64")
COVARIANCE = np.fromfile(FOLDER / "covariance.c128", np.complex128).reshape(COILS, COILS)


# --- building blocks -----------------------------------------------------------------------------------


def whitened(kspace):
    """k-space with noise of complex variance 1: L^-1 k, L the Cholesky factor of the covariance."""
    whitening = np.linalg.inv(np.linalg.cholesky(COVARIANCE)).astype(np.complex64)
    return (whitening @ kspace.reshape(COILS, -1)).reshape(kspace.shape)


def image(kspace):
    """Centred unitary inverse transform of the last two axes."""
    shifted = fft.ifftshift(kspace, axes=(-2, -1))
    return fft.fftshift(fft.ifft2(shifted, norm="ortho", workers=1, overwrite_x=True), axes=(-2, -1))


def noise(shape):
    """White complex noise of variance 1."""
    numbers = RNG.standard_normal((*shape, 2), dtype=np.float32)
    numbers *= np.float32(np.sqrt(0.5))
    return numbers.view(np.complex64)[..., 0]


def power(images):
    """Sum of squared magnitudes over the coils."""
    return np.einsum("cyx,cyx->yx", images.real, images.real) + np.einsum(
        "cyx,cyx->yx", images.imag, images.imag
    )


def combine(weights, images):
    """w^H p of every pixel."""
    return np.einsum("cyx,cyx->yx", weights.conj(), images, optimize=True)


def undersampled(kspace):
    """Every R-th line, as a smaller k-space with its centre in the middle."""
    return kspace[:, ::R]


# --- analytic ------------------------------------------------------------------------------------------


def ac_rss():
    return {"snr": np.sqrt(2 * power(image(whitened(KSPACE))))}


def ac_b1():
    images = image(whitened(KSPACE))
    return {"snr": np.sqrt(2) * np.abs(combine(MAPS, images)) / np.sqrt(power(MAPS))}


def aliases():
    """Lines of the image that fold onto each line of the folded image, [y, R]."""
    rows = LINES // R
    # The middle of both images is at half their height.
    start = LINES // 2 - rows // 2
    return (start + np.arange(rows)[:, None] + rows * np.arange(R)[None, :]) % LINES


def encoding(sets):
    """Sensitivities E of the pixels that fold together, [coil, R, y, x], (E^H E)^-1, its noise, and g."""
    maps = MAPS[:, sets].transpose(0, 2, 1, 3)
    normal = np.einsum("cryx,csyx->yxrs", maps.conj(), maps, optimize=True)
    inverse = np.linalg.inv(normal)
    diagonal = np.einsum("yxrr->yxr", inverse).real
    g = np.sqrt(diagonal * np.einsum("yxrr->yxr", normal).real)
    return maps, inverse, np.sqrt(diagonal), g


def spread(values, sets):
    """[y, x, R] of the folded grid as an image."""
    out = np.empty((LINES, COLUMNS), values.dtype)
    for alias in range(R):
        out[sets[:, alias]] = values[:, :, alias]
    return out


def ac_sense():
    sets = aliases()
    maps, inverse, deviation, g = encoding(sets)
    folded = image(whitened(undersampled(KSPACE)))
    projected = np.einsum("cryx,cyx->yxr", maps.conj(), folded, optimize=True)
    result = np.einsum("yxrs,yxs->yxr", inverse, projected, optimize=True)
    return {"snr": spread(np.sqrt(2) * np.abs(result) / deviation, sets), "g": spread(g, sets)}


def grappa_weights(kspace):
    """Image-space weights W[target, source] of GRAPPA from the central block of the whitened k-space."""
    size_y, size_x = SHAPE["kernel"]
    acs = SHAPE["acs"]
    y0, x0 = LINES // 2 - acs // 2, COLUMNS // 2 - acs // 2
    block = kspace[:, y0 : y0 + acs, x0 : x0 + acs]
    windows = sliding_window_view(block, (size_y, size_x), axis=(1, 2))  # [coil, y, x, ky, kx]
    kernel = np.zeros((COILS, COILS, LINES, COLUMNS), np.complex64)
    middle_y, middle_x = LINES // 2, COLUMNS // 2
    for coil in range(COILS):
        kernel[coil, coil, middle_y, middle_x] = 1
    for missing in range(1, R):
        # Lines of the window that are measured when its target, in row size_y // 2, is `missing` after one.
        rows = [row for row in range(size_y) if (row - size_y // 2 + missing) % R == 0]
        sources = windows[:, :, :, rows].transpose(1, 2, 0, 3, 4).reshape(-1, COILS * len(rows) * size_x)
        targets = windows[:, :, :, size_y // 2, size_x // 2].reshape(COILS, -1).T
        sources = sources.astype(np.complex128)
        normal = sources.conj().T @ sources
        normal += SHAPE["lambda"] * np.linalg.norm(normal) / len(normal) * np.eye(len(normal))
        weights = np.linalg.solve(normal, sources.conj().T @ targets)  # [source, target]
        weights = weights.reshape(COILS, len(rows), size_x, COILS)
        for i, row in enumerate(rows):
            for column in range(size_x):
                # Convolution: the source at offset d contributes from the place -d.
                y = middle_y - (row - size_y // 2)
                x = middle_x - (column - size_x // 2)
                kernel[:, :, y, x] = weights[:, i, column].T
    for coil in range(COILS):
        kernel[coil] = image(kernel[coil])
    kernel *= np.float32(np.sqrt(LINES * COLUMNS))
    return kernel


def grappa_combination():
    """Combined image, and the weights W^H q that lead there from the zero-filled coil images."""
    kspace = whitened(KSPACE)
    weights = grappa_weights(kspace)
    zero_filled = np.zeros_like(kspace)
    zero_filled[:, ::R] = undersampled(kspace)
    folded = image(zero_filled)
    images = np.einsum("ijyx,jyx->iyx", weights, folded)
    magnitude = np.sqrt(power(images))
    return magnitude, np.einsum("ijyx,iyx->jyx", weights.conj(), images / magnitude)


def ac_grappa():
    magnitude, weights = grappa_combination()
    deviation = np.sqrt(power(weights) / R)
    return {"snr": np.sqrt(2) * magnitude / deviation, "g": np.sqrt(power(weights)) / R}


def espirit_maps():
    """Uecker et al. 2014: kernels from the calibration matrix, first eigenvector of every pixel."""
    size, acs = SHAPE["espirit"]["kernel"], SHAPE["espirit"]["acs"]
    y0, x0 = LINES // 2 - acs // 2, COLUMNS // 2 - acs // 2
    block = whitened(KSPACE)[:, y0 : y0 + acs, x0 : x0 + acs]
    windows = sliding_window_view(block, (size, size), axis=(1, 2))
    matrix = windows.transpose(1, 2, 0, 3, 4).reshape(-1, COILS * size * size)
    _, singular, rows = np.linalg.svd(matrix, full_matrices=False)
    kernels = rows[singular >= SHAPE["espirit"]["threshold"] * singular[0]].reshape(-1, COILS, size, size)
    gram = np.zeros((LINES, COLUMNS, COILS, COILS), np.complex64)
    padded = np.zeros((COILS, LINES, COLUMNS), np.complex64)
    top, left = LINES // 2 - size // 2, COLUMNS // 2 - size // 2
    for kernel in kernels:
        padded[:] = 0
        padded[:, top : top + size, left : left + size] = kernel
        transformed = image(padded).transpose(1, 2, 0)[..., None]
        gram += transformed @ transformed.conj().swapaxes(-1, -2)
    gram *= np.float32(LINES * COLUMNS / size**2)
    # Power iteration over all pixels at once: a full eigh per pixel takes ten times as long.
    vectors = np.ones((LINES, COLUMNS, COILS, 1), np.complex64)
    for _ in range(SHAPE["espirit"]["iterations"]):
        vectors = gram @ vectors
        eigenvalues = np.linalg.norm(vectors, axis=-2, keepdims=True)
        vectors /= eigenvalues
    maps = vectors[..., 0].transpose(2, 0, 1)
    eigenvalues = eigenvalues[..., 0, 0]
    maps = maps * (eigenvalues > SHAPE["espirit"]["crop"])
    return {"maps": np.ascontiguousarray(maps).view(np.float32), "eigenvalues": eigenvalues}


# --- pseudo replicas -----------------------------------------------------------------------------------


def replica_variance(shape, combination, count):
    """Mean square of the in-phase noise over replicas: noise in k-space, transformed, combined."""
    total = None
    for _ in range(count):
        in_phase = combination(image(noise(shape)))
        square = in_phase.real**2
        total = square if total is None else total + square
    return total / count


def pmr_rss():
    images = image(whitened(KSPACE))
    magnitude = np.sqrt(power(images))
    weights = images / magnitude
    variance = replica_variance(KSPACE.shape, lambda n: combine(weights, n), SHAPE["replicas"])
    return {"snr": magnitude / np.sqrt(variance)}


def pmr_b1():
    images = image(whitened(KSPACE))
    result = combine(MAPS, images)
    magnitude = np.abs(result)
    weights = MAPS * (result / magnitude)
    variance = replica_variance(KSPACE.shape, lambda n: combine(weights, n), SHAPE["replicas"])
    return {"snr": magnitude / np.sqrt(variance)}


def pmr_sense():
    sets = aliases()
    maps, inverse, _, _ = encoding(sets)
    unfolder = inverse @ maps.conj().transpose(2, 3, 1, 0)  # [y, x, R, coil]

    def unfold(folded):
        return (unfolder @ folded.transpose(1, 2, 0)[..., None])[..., 0]

    kspace = whitened(undersampled(KSPACE))
    result = unfold(image(kspace))
    magnitude = np.abs(result)
    unfolder = (result / magnitude).conj()[..., None] * unfolder
    variance = replica_variance(kspace.shape, unfold, SHAPE["replicas"])
    return {"snr": spread(magnitude / np.sqrt(variance), sets)}


def pmr_grappa():
    magnitude, weights = grappa_combination()
    zero_filled = np.zeros(KSPACE.shape, np.complex64)
    total = np.zeros((LINES, COLUMNS), np.float32)
    for _ in range(SHAPE["replicas"]):
        zero_filled[:, ::R] = noise((COILS, LINES // R, COLUMNS))
        total += combine(weights, image(zero_filled)).real ** 2
    return {"snr": magnitude / np.sqrt(total / SHAPE["replicas"])}


def cr_rss():
    images = image(whitened(KSPACE))
    magnitude = np.sqrt(power(images))
    weights = images / magnitude
    variance = replica_variance(KSPACE.shape, lambda n: combine(weights, n), SHAPE["generalised"])
    return {"snr": magnitude / np.sqrt(uniform_filter(variance, SHAPE["boxSize"], mode="nearest"))}


CASES = {
    "ac-rss": ac_rss,
    "ac-b1": ac_b1,
    "ac-sense": ac_sense,
    "ac-grappa": ac_grappa,
    "espirit-maps": espirit_maps,
    "pmr-rss": pmr_rss,
    "pmr-b1": pmr_b1,
    "pmr-sense": pmr_sense,
    "pmr-grappa": pmr_grappa,
    "cr-rss": cr_rss,
}


def main():
    print(json.dumps({"versions": {"numpy": np.__version__}}), flush=True)
    for line in sys.stdin:
        name = json.loads(line)["case"]
        cpu, wall = time.process_time(), time.perf_counter()
        result = CASES[name]()
        answer = {"seconds": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        for array, values in result.items():
            values.astype(np.float32, copy=False).tofile(FOLDER / f"{name}.{array}.f32")
        print(json.dumps(answer), flush=True)


main()
