"""How far apart colours look: CAM02-UCS, colour-blind eyes, lightness and contrast, for tests.

CIECAM02 after Moroney et al., "The CIECAM02 color appearance model" (2002), its uniform space after
Luo, Cui & Li, "Uniform colour spaces based on CIECAM02" (2006); the eyes of the colour-blind
after Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color
vision deficiency" (2009), severity 1.0; contrast and its 4.5 after WCAG 2.1, 1.4.3.
"""

import numpy as np

D65 = np.array([95.047, 100.0, 108.883])
SRGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
CAT02 = np.array([[0.7328, 0.4296, -0.1624], [-0.7036, 1.6975, 0.0061], [0.0030, 0.0136, 0.9834]])
HPE = np.array([[0.38971, 0.68898, -0.07868], [-0.22981, 1.18340, 0.04641], [0.0, 0.0, 1.0]])
EYES = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
# Average surround; a screen of 64 lux seen on a grey of a fifth, as sRGB says.
SURROUND = {"F": 1.0, "c": 0.69, "Nc": 1.0}
SRGB_VIEW = {"la": 64 / np.pi / 5, "yb": 20.0}


def rgb(colour, opacity=1.0, ground="#ffffff"):
    """A colour such as ``#1b7837`` as three numbers from 0 to 1, as drawn on a ground."""
    of, on = ([int(one[at : at + 2], 16) / 255 for at in (1, 3, 5)] for one in (colour, ground))
    return opacity * np.array(of) + (1 - opacity) * np.array(on)


def linear(values):
    values = np.asarray(values, dtype=float)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(values):
    return float(linear(values) @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    """Of two colours as three numbers each: 1 (the same) to 21."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def lightness(values):
    """CIE L*, 0 to 100: what a photocopy keeps."""
    y = luminance(values)
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27


def ciecam02(xyz, white, la, yb):
    """Lightness J, colourfulness M and hue h of a colour, XYZ with white at 100."""
    f, c, nc = SURROUND["F"], SURROUND["c"], SURROUND["Nc"]
    k = 1 / (5 * la + 1)
    fl = 0.2 * k**4 * 5 * la + 0.1 * (1 - k**4) ** 2 * (5 * la) ** (1 / 3)
    n = yb / white[1]
    nbb = ncb = 0.725 * n**-0.2
    z = 1.48 + np.sqrt(n)
    d = np.clip(f * (1 - np.exp((-la - 42) / 92) / 3.6), 0, 1)
    seen_white = CAT02 @ white
    gain = white[1] * d / seen_white + 1 - d

    def respond(one):
        cones = HPE @ np.linalg.solve(CAT02, gain * (CAT02 @ one))
        power = (fl * np.abs(cones) / 100) ** 0.42
        return np.sign(cones) * 400 * power / (27.13 + power) + 0.1

    def achromatic(one):
        return (2 * one[0] + one[1] + one[2] / 20 - 0.305) * nbb

    r, g, b = seen = respond(np.asarray(xyz, dtype=float))
    red, yellow = r - 12 * g / 11 + b / 11, (r + g - 2 * b) / 9
    h = np.degrees(np.arctan2(yellow, red)) % 360
    j = 100 * (achromatic(seen) / achromatic(respond(white))) ** (c * z)
    e = (np.cos(np.radians(h) + 2) + 3.8) / 4
    t = 50000 / 13 * nc * ncb * e * np.hypot(red, yellow) / (r + g + 21 / 20 * b)
    chroma = t**0.9 * np.sqrt(j / 100) * (1.64 - 0.29**n) ** 0.73
    return float(j), float(chroma * fl**0.25), float(h)


def uniform(values, eye="normal"):
    """Where a colour lies in CAM02-UCS, as such an eye sees it."""
    seen = np.clip(EYES[eye] @ linear(values), 0, 1)
    j, m, h = ciecam02(100 * SRGB @ seen, D65, **SRGB_VIEW)
    m = np.log1p(0.0228 * m) / 0.0228
    return np.array(
        [1.7 * j / (1 + 0.007 * j), m * np.cos(np.radians(h)), m * np.sin(np.radians(h))]
    )


def nearest(colours, eye="normal"):
    """The smallest distance of any two of some colours."""
    places = [uniform(one, eye) for one in colours]
    return min(float(np.linalg.norm(a - b)) for at, a in enumerate(places) for b in places[:at])
