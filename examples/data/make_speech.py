"""Has espeak-ng speak digits, and writes what a recognizer hears of them.

    apt-get install espeak-ng && pip install numpy
    python make_speech.py > speech.txt

A line is `voice digits frames`: the voice, the digits that it says, and for each 25 ms the energies of ten
bands on the mel scale, a character each: '0' is the loudest of the recording less 64 dB or more, and each
further character 1 dB more. Single digits come from every voice, sequences of three from every voice too.
"""
import subprocess
import tempfile
import wave

import numpy as np

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
VOICES = ["en", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en+m1", "en+m3", "en+m4",
          "en+m7", "en-us+m2", "en-us+m5", "en+f1", "en+f2", "en+f4", "en-us+f3", "en-us+f5", "en-gb-scotland+f2"]
RATE, HOP, WINDOW, BANDS = 22050, 551, 1024, 10
SEQUENCES_PER_VOICE = 9


def bank():
    """Triangles of equal width on the mel scale between 100 and 8000 Hz."""
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(mel(100), mel(8000), BANDS + 2) / 2595) - 1)
    f = np.fft.rfftfreq(WINDOW, 1 / RATE)
    rise = (f - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - f) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rise, fall), 0, None)


def speak(voice, words, speed, pitch):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", file.name, " ".join(words)],
                       check=True, stderr=subprocess.DEVNULL)
        with wave.open(file.name) as sound:
            assert sound.getframerate() == RATE
            return np.frombuffer(sound.readframes(sound.getnframes()), np.int16) / 32768


def frames(samples):
    starts = range(0, len(samples) - WINDOW, HOP)
    power = np.array([abs(np.fft.rfft(samples[s:s + WINDOW] * np.hanning(WINDOW))) ** 2 for s in starts])
    level = 10 * np.log10(power @ bank().T + 1e-9)
    heard = np.clip(np.round(level - level.max() + 63), 0, 63).astype(int)
    loud = np.flatnonzero(heard.max(1) > 20)
    return heard[loud[0]:loud[-1] + 1]


random = np.random.RandomState(1)
for voice in VOICES:
    spoken = [[digit] for digit in range(10)] + [list(random.randint(10, size=3)) for _ in range(SEQUENCES_PER_VOICE)]
    for digits in spoken:
        heard = frames(speak(voice, [WORDS[d] for d in digits], random.randint(130, 191), random.randint(30, 71)))
        print(voice, "".join(map(str, digits)), "".join(chr(48 + v) for v in heard.ravel()))
