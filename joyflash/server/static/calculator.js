// The built-in tool: arithmetic that is read, never run. Whole numbers are exact, however long.
const TOKEN = /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(\*\*|\/\/|[-+*/%()]))/y;
const LONGEST = 1000, DEEPEST = 100, MOST_BITS = 4096n;

export const CALCULATOR = {
  type: "function",
  function: {
    name: "calculator",
    description: "Compute the value of an arithmetic expression.",
    parameters: {
      type: "object",
      properties: { expression: { type: "string", description: "For example (3.5 + 4) * 2 ** 10." } },
      required: ["expression"],
    },
  },
};

// The value as text. Throws an Error whose message suits a model.
export function calculate(expression) {
  if (typeof expression !== "string") throw new Error("expression must be a string");
  if (expression.length > LONGEST) throw new Error(`the expression is longer than ${LONGEST} characters`);
  const reader = new Reader(tokens(expression));
  const value = reader.sum();
  if (reader.next !== undefined) throw new Error(`unexpected '${reader.next}'`);
  return typeof value === "bigint" ? String(value) : String(Number(value.toPrecision(15)));
}

function tokens(text) {
  const plain = text.replaceAll("×", "*").replaceAll("÷", "/").replaceAll("−", "-").replaceAll("^", "**").trim();
  const list = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < plain.length;) {
    const place = TOKEN.lastIndex, found = TOKEN.exec(plain);
    if (!found) throw new Error(`'${plain[place]}' is not understood; only numbers, brackets and + - * / // % ** are`);
    list.push(found[1] ?? found[2]);
  }
  return list;
}

// One method a level of precedence, as in Python: sums, products, signs, powers, brackets.
class Reader {
  constructor(list) { this.list = list; this.at = 0; this.depth = 0; }
  get next() { return this.list[this.at]; }
  take(...signs) { return signs.includes(this.next) ? this.list[this.at++] : null; }

  sum() {
    let left = this.product();
    for (let sign; (sign = this.take("+", "-"));) left = add(left, this.product(), sign);
    return left;
  }

  product() {
    let left = this.signed();
    for (let sign; (sign = this.take("*", "/", "//", "%"));) left = multiply(left, this.signed(), sign);
    return left;
  }

  signed() {
    if (++this.depth > DEEPEST) throw new Error("the expression is nested too deeply");
    const sign = this.take("-", "+");
    const value = sign === "-" ? -this.signed() : sign ? this.signed() : this.power();
    this.depth--;
    return value;
  }

  power() {
    const base = this.atom();
    return this.take("**") ? power(base, this.signed()) : base;
  }

  atom() {
    const token = this.list[this.at++];
    if (token === "(") {
      const value = this.sum();
      if (!this.take(")")) throw new Error("a closing bracket is missing");
      return value;
    }
    if (token === undefined) throw new Error("the expression ends too early");
    if (!/^[\d.]/.test(token)) throw new Error(`unexpected '${token}'`);
    return /^\d+$/.test(token) ? BigInt(token) : checked(Number(token));
  }
}

const whole = (left, right) => typeof left === "bigint" && typeof right === "bigint";

function add(left, right, sign) {
  if (!whole(left, right)) [left, right] = [Number(left), Number(right)];
  return checked(sign === "+" ? left + right : left - right);
}

function multiply(left, right, sign) {
  const exact = whole(left, right);
  if (!exact) [left, right] = [Number(left), Number(right)];
  if (sign === "*") return checked(left * right);
  if (Number(right) === 0) throw new Error("division by zero");
  if (sign === "/") return exact && left % right === 0n ? left / right : checked(Number(left) / Number(right));
  const rest = left % right;
  const modulo = Number(rest) !== 0 && rest < 0 !== right < 0 ? rest + right : rest;
  if (sign === "%") return modulo;
  return exact ? (left - modulo) / right : Math.floor(left / right);
}

function power(base, exponent) {
  if (whole(base, exponent) && exponent >= 0n) {
    const bits = BigInt((base < 0n ? -base : base).toString(2).length);
    if (bits * exponent > MOST_BITS && base !== 0n && base !== 1n && base !== -1n) throw new Error("the result is too large");
    return base ** exponent;
  }
  if (Number(base) === 0 && exponent < 0) throw new Error("division by zero");
  return checked(Number(base) ** Number(exponent));
}

function checked(value) {
  if (typeof value === "bigint") return value;
  if (Number.isNaN(value)) throw new Error("the result is not a real number");
  if (!Number.isFinite(value)) throw new Error("the result is too large");
  return value;
}
