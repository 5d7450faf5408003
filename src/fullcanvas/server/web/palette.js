/** Colours of regions: those of their labels, in shades that tell apart what would look alike. */

/** @import {Color, Photo} from "./types.js" */

const HUE_STEPS = [0, 28, -28, 50, -50, 72, -72];
const LIGHT_STEPS = [0, 0.12, -0.12];
const TURNS = Array.from({ length: HUE_STEPS.length * LIGHT_STEPS.length }, (_, turn) => turn);
/** Two colours this far apart, in CIELAB, are told apart through the photo and beside each other. */
const FAR = 30;

/**
 * @typedef {[number, number, number]} Lab  Of CIELAB, in which equal distances look about equal.
 * @typedef {{color: Color, lab: Lab}} Shade
 */

/** @type {Map<string, Shade[]>} Those of each colour so far: photos are refreshed with every stroke. */
const known = new Map();

/**
 * The photo with each region in a shade of its colour that is far from those of the regions before it: others have its
 * label, too, and of a hundred labels some have colours that are alike.
 * @param {Photo} photo
 * @returns {Photo}
 */
export function tellApart(photo) {
  /** @type {Lab[]} */
  const taken = [];
  const regions = photo.regions.map((region) => {
    const { color, lab } = farFrom(taken, shadesOf(region.color));
    taken.push(lab);
    return { ...region, color };
  });
  return { ...photo, regions };
}

/**
 * The first shade that is far from all that are taken, or else the one that is farthest.
 * @param {Lab[]} taken
 * @param {Shade[]} shades
 * @returns {Shade}
 */
function farFrom(taken, shades) {
  let [best] = shades;
  let most = -1;
  for (const shade of shades) {
    const nearest = distance(taken, shade.lab, most);
    if (nearest > most) [best, most] = [shade, nearest];
    if (most >= FAR) break;
  }
  return /** @type {Shade} */ (best);
}

/**
 * The shades of a colour, itself first.
 * @param {Color} color
 * @returns {Shade[]}
 */
function shadesOf(color) {
  const key = color.join();
  const found = known.get(key);
  if (found) return found;
  const shades = TURNS.map((turn) => (turn ? shade(color, turn) : color)).map((each) => ({ color: each, lab: toLab(each) }));
  known.set(key, shades);
  return shades;
}

/**
 * How far a colour is from the nearest of some; or, found sooner, that it is no more than a bound.
 * @param {Lab[]} taken
 * @param {Lab} lab
 * @param {number} bound
 */
function distance(taken, [light, a, b], bound) {
  let nearest = Infinity;
  for (const [otherLight, otherA, otherB] of taken) {
    nearest = Math.min(nearest, Math.sqrt((light - otherLight) ** 2 + (a - otherA) ** 2 + (b - otherB) ** 2));
    if (nearest <= bound) break;
  }
  return nearest;
}

/**
 * @param {Color} color
 * @returns {Lab}
 */
function toLab(color) {
  const [red, green, blue] = /** @type {Lab} */ (color.map((part) => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4)));
  const x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505);
  const y = root(0.2126 * red + 0.7152 * green + 0.0722 * blue);
  const z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** @param {number} share  Of white. */
function root(share) {
  return share > 0.008856 ? Math.cbrt(share) : 7.787 * share + 16 / 116;
}

/**
 * @param {Color} color
 * @param {number} turn
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
