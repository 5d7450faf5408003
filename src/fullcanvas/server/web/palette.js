/** Colours of regions: those of their labels, in shades that tell regions of one label apart. */

/** @import {Color, Photo} from "./types.js" */

const HUE_STEPS = [0, 28, -28, 50, -50, 72, -72];
const LIGHT_STEPS = [0, 0.12, -0.12];

/**
 * The photo with regions of one label in shades of its colour, which come again after some twenty.
 * @param {Photo} photo
 * @returns {Photo}
 */
export function tellApart(photo) {
  /** @type {Map<string, number>} How many regions have had a colour so far. */
  const used = new Map();
  const regions = photo.regions.map((region) => {
    const key = region.color.join();
    const turn = used.get(key) ?? 0;
    used.set(key, turn + 1);
    return turn ? { ...region, color: shade(region.color, turn) } : region;
  });
  return { ...photo, regions };
}

/**
 * @param {Color} color
 * @param {number} turn  0 is the colour itself.
 * @returns {Color}
 */
function shade(color, turn) {
  const [hue, saturation, lightness] = toHsl(color);
  const light = lightness + (LIGHT_STEPS[turn % LIGHT_STEPS.length] ?? 0);
  return toRgb((hue + (HUE_STEPS[turn % HUE_STEPS.length] ?? 0) + 360) % 360, Math.max(0.25, saturation), Math.min(0.85, Math.max(0.2, light)));
}

/**
 * @param {Color} color
 * @returns {[number, number, number]}  Hue in degrees, saturation and lightness in [0, 1].
 */
function toHsl([red, green, blue]) {
  const most = Math.max(red, green, blue) / 255;
  const least = Math.min(red, green, blue) / 255;
  const lightness = (most + least) / 2;
  const chroma = most - least;
  if (chroma === 0) return [0, 0, lightness];
  const sector =
    most === red / 255 ? (green - blue) / 255 / chroma : most === green / 255 ? (blue - red) / 255 / chroma + 2 : (red - green) / 255 / chroma + 4;
  return [(sector * 60 + 360) % 360, chroma / (1 - Math.abs(2 * lightness - 1)), lightness];
}

/**
 * @param {number} hue
 * @param {number} saturation
 * @param {number} lightness
 * @returns {Color}
 */
function toRgb(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (/** @type {number} */ offset) => {
    const sector = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(sector - 3, 9 - sector, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
