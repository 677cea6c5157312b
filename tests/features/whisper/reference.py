"""Whisper's log mel spectra and encoder in NumPy, in float64, one recording at a time: none of the code under test."""

import math

import numpy as np

ERF = np.vectorize(math.erf)


def gelu(values):
    return values * 0.5 * (1.0 + ERF(values / np.sqrt(2.0)))


def norm(values, gamma, beta):
    mean, variance = values.mean(axis=-1, keepdims=True), values.var(axis=-1, keepdims=True)
    return (values - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def hertz_of_mel(mel):
    return 200 * mel / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def mel_filters():
    """Slaney's: `<float64>[80, 201]`."""
    top = 15 + 27 * np.log(8) / np.log(6.4)  # 8 kHz is three octaves above 1 kHz, which is 15 mels.
    edges = [hertz_of_mel(top * index / 81) for index in range(82)]
    filters = np.zeros((80, 201))
    for band in range(80):
        low, middle, high = edges[band : band + 3]
        for index in range(201):
            hertz = 40.0 * index
            height = min((hertz - low) / (middle - low), (high - hertz) / (high - middle))
            filters[band, index] = max(0.0, height) * 2 / (high - low)
    return filters


def log_mel(samples):
    """`<float64>[frames, 80]`."""
    frames = max(1, len(samples) // 160)
    mirrored = np.concatenate([np.pad(samples.astype(np.float64), (0, 600))[200:0:-1], samples, np.zeros(600)])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    spectra = [np.fft.rfft(mirrored[160 * frame : 160 * frame + 400] * window) for frame in range(frames)]
    powers = (np.abs(np.array(spectra)) ** 2) @ mel_filters().T
    logs = np.log10(np.maximum(powers, 1e-10))
    return (np.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0


def convolution(inputs, weight, bias, stride):
    padded = np.pad(inputs, ((1, 1), (0, 0)))
    places = range(0, len(inputs), stride)
    return np.array([np.einsum("wi,oiw->o", padded[place : place + 3], weight) for place in places]) + bias


def encode(spectra, weights, blocks):
    """`<float64>[states, 512]`, the states behind a number of blocks, of one window of up to 30 s."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    states = gelu(convolution(spectra, w["conv1/weight"], w["conv1/bias"], 1))
    states = gelu(convolution(states, w["conv2/weight"], w["conv2/bias"], 2))
    states = states + w["positions"][: len(states)]
    for number in range(1, blocks + 1):
        block = {name.split("/", 1)[1]: array for name, array in w.items() if name.startswith(f"block{number}/")}
        normed = norm(states, block["attention_norm/gamma"], block["attention_norm/beta"])
        projected = normed @ block["qkv/weight"].T + block["qkv/bias"]
        contexts = []
        for head in range(8):
            query, key, value = (
                projected[:, 512 * part + 64 * head : 512 * part + 64 * (head + 1)] for part in range(3)
            )
            scores = query @ key.T / 8.0
            attention = np.exp(scores - scores.max(axis=1, keepdims=True))
            contexts.append(attention / attention.sum(axis=1, keepdims=True) @ value)
        states = states + np.concatenate(contexts, axis=1) @ block["out/weight"].T + block["out/bias"]
        normed = norm(states, block["mlp_norm/gamma"], block["mlp_norm/beta"])
        inner = gelu(normed @ block["up/weight"].T + block["up/bias"])
        states = states + inner @ block["down/weight"].T + block["down/bias"]
    return states
