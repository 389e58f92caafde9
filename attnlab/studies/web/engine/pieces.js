// SentencePiece's vocabularies (Kudo & Richardson 2018): texts to pieces and back.

const SPACE = "\u2581"; // as SentencePiece writes it
const UNKNOWN_SURFACE = " \u2047 ";
const UNKNOWN_PENALTY = 10; // nats below the rarest piece

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder("utf-8", { ignoreBOM: true }) };

// Replacements of characters, as a double array (Aoe 1989) in the form of Darts-clone: one
// transition for each byte of UTF-8.
class Replacements {
  // `bytes`: the size of the array in bytes, the array, then the replacements, each ended by 0.
  constructor(bytes) {
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    this.units = new Uint32Array(bytes.slice(4, 4 + size).buffer);
    this.texts = bytes.subarray(4 + size);
  }

  // The longest match at the beginning of `bytes`: [its length, its replacement], or null.
  match(bytes) {
    const offset = (unit) => (unit >>> 10) << ((unit & 0x200) >>> 6);
    let found = null, node = offset(this.units[0]);
    for (let i = 0; i < bytes.length; i += 1) {
      node ^= bytes[i];
      const unit = this.units[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== bytes[i]) break;
      node ^= offset(unit);
      if ((unit >>> 8) & 1) found = [i + 1, this.units[node] & 0x7fffffff];
    }
    if (found === null) return null;
    const end = this.texts.indexOf(0, found[1]);
    return [found[0], utf8.decoder.decode(this.texts.subarray(found[1], end))];
  }
}

class Rewriter {
  constructor(facts) {
    this.facts = facts;
    this.replacements = facts.charsmap === null ? null : new Replacements(base64Bytes(facts.charsmap));
  }

  // SentencePiece's normalisation of a text.
  rewrite(text) {
    const { dummyPrefix, removeExtraSpaces, escapeSpaces } = this.facts;
    const parts = this.replacements === null ? [...text] : this.replaced(text);
    let found = "", afterSpace = removeExtraSpaces;
    for (let part of parts) {
      if (afterSpace) part = part.replace(/^ +/, "");
      if (part) {
        found += part;
        afterSpace = removeExtraSpaces && part.endsWith(" ");
      }
    }
    if (removeExtraSpaces) found = found.replace(/ +$/, "");
    if (!found && removeExtraSpaces) return "";
    if (dummyPrefix && found) found = ` ${found}`;
    return escapeSpaces ? found.replaceAll(" ", SPACE) : found;
  }

  replaced(text) {
    const parts = [], bytes = utf8.encoder.encode(text);
    for (let at = 0; at < bytes.length; ) {
      const match = this.replacements.match(bytes.subarray(at));
      const length = match === null ? characterBytes(bytes[at]) : match[0];
      const part = match === null ? utf8.decoder.decode(bytes.subarray(at, at + length)) : match[1];
      parts.push(part);
      at += length;
    }
    return parts;
  }
}

function characterBytes(first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

class Vocabulary {
  // `facts`: as attnlab/studies/web/vocabularies.py writes them.
  constructor(facts) {
    const { pad, unknown, begin, end } = facts.special;
    this.facts = facts;
    this.unknown = unknown;
    this.end = end;
    this.silent = new Set([pad, begin]);
    this.ids = new Map();
    facts.pieces.forEach((piece, id) => {
      if (![pad, unknown, begin, end].includes(id)) this.ids.set(piece, id);
    });
    const scores = facts.pieces.map((_, id) => facts.scores[id]);
    this.scores = Float32Array.from(scores);
    const ordinary = [...this.ids.values()].map((id) => this.scores[id]);
    this.unknownScore = Math.fround(Math.min(...ordinary) - UNKNOWN_PENALTY);
    this.longest = Math.max(...facts.pieces.map((piece) => piece.length));
    this.rewriter = new Rewriter(facts.normaliser);
    this.denormaliser = facts.denormaliser && new Rewriter(facts.denormaliser);
  }

  // Ids of a text that `normalise` returned.
  encode(text) {
    if (this.facts.model === "word") {
      const rewritten = this.facts.rewrites ? this.rewriter.rewrite(text) : text;
      const words = rewritten.replaceAll(SPACE, " ").split(" ");
      return words.filter(Boolean).map((word) => this.ids.get(SPACE + word) ?? this.unknown);
    }
    const rewritten = this.rewriter.rewrite(text);
    const ids = this.facts.model === "bpe" ? this.merged(rewritten) : this.likeliest(rewritten);
    // A run of unknown characters is one piece.
    return ids.filter((id, at) => id !== this.unknown || ids[at - 1] !== this.unknown);
  }

  // Sennrich et al. 2016, algorithm 1: the pair of the best score is merged, the first of equals.
  merged(text) {
    const symbols = [...text];
    const score = (left) => {
      const id = this.ids.get(symbols[left] + symbols[left + 1]);
      return left + 1 < symbols.length && id !== undefined ? this.scores[id] : -Infinity;
    };
    const scores = symbols.map((_, left) => score(left));
    for (;;) {
      let best = -1, most = -Infinity;
      for (let left = 0; left < scores.length; left += 1) {
        if (scores[left] > most) [best, most] = [left, scores[left]];
      }
      if (best < 0) break;
      symbols.splice(best, 2, symbols[best] + symbols[best + 1]);
      scores.splice(best + 1, 1);
      scores[best] = score(best);
      if (best > 0) scores[best - 1] = score(best - 1);
    }
    return symbols.map((symbol) => this.ids.get(symbol) ?? this.unknown);
  }

  // Kudo 2018, section 3.2: the likeliest pieces, by Viterbi's algorithm in single precision.
  likeliest(text) {
    const best = new Float32Array(text.length + 1);
    const from = new Int32Array(text.length + 1).fill(-1), by = new Int32Array(text.length + 1);
    const offer = (start, end, id, total) => {
      if (from[end] >= 0 && !(total > best[end])) return;
      best[end] = total;
      from[end] = start;
      by[end] = id;
    };
    for (let start = 0; start < text.length; ) {
      const next = start + (text.codePointAt(start) > 0xffff ? 2 : 1);
      const most = Math.min(text.length, start + this.longest);
      for (let end = next; end <= most; end += 1) {
        const id = this.ids.get(text.slice(start, end));
        if (id !== undefined) offer(start, end, id, this.scores[id] + best[start]);
      }
      if (!this.ids.has(text.slice(start, next))) {
        offer(start, next, this.unknown, Math.fround(this.unknownScore + best[start]));
      }
      start = next;
    }
    const ids = [];
    for (let end = text.length; end > 0; end = from[end]) ids.unshift(by[end]);
    return ids;
  }

  // As attnlab prints it: `▁` for a space; an unknown word is `▁<unk>`.
  piece(id) {
    const piece = this.facts.pieces[id];
    return this.facts.model === "word" && id === this.unknown ? SPACE + piece : piece;
  }

  // The text up to the first end.
  decode(ids) {
    const end = ids.indexOf(this.end);
    let text = "";
    for (const id of end < 0 ? ids : ids.slice(0, end)) {
      if (this.silent.has(id)) continue;
      if (id === this.unknown) {
        text += UNKNOWN_SURFACE;
        continue;
      }
      let piece = this.facts.pieces[id];
      const { dummyPrefix, removeExtraSpaces } = this.facts.normaliser;
      if (!text && (dummyPrefix || removeExtraSpaces) && piece.startsWith(SPACE)) {
        piece = piece.slice(1);
      }
      text += piece.replaceAll(SPACE, " ");
    }
    return this.denormaliser ? this.denormaliser.rewrite(text) : text;
  }
}

// What attnlab does to every text before its pieces: attnlab/data/reading/lines.py.
function normalise(text) {
  const composed = text.normalize("NFC").replace(/[\u2019\u02bc]/g, "'");
  return composed.replace(/[ \t\r\n\u2581]+/g, " ").replace(/^ +| +$/g, "");
}

// Characters without ink, as there.
const WITHOUT_INK =
  /^[\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]*$/u;

// The beginning of a normalised text that is translated: of at most so many characters.
function cut(text, most) {
  const characters = [...text];
  return characters.length <= most ? text : characters.slice(0, most).join("").trimEnd();
}

function base64Bytes(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
