/** What lies in WebAssembly's memory, by its address. */

export class Memory {
  #memory;
  #allocate;
  #free;
  #passed = [];

  constructor(memory, { malloc, free }) {
    this.#memory = memory;
    this.#allocate = malloc;
    this.#free = free;
  }

  /** Room for so many bytes. Throws a RangeError where there is none. */
  take(bytes) {
    const address = this.#allocate(bytes) >>> 0;
    if (!address) throw new RangeError("out of memory");
    return address;
  }

  give(...addresses) {
    for (const address of addresses) this.#free(address);
  }

  /** A copy of a typed array. */
  keep(values) {
    const address = this.take(values.byteLength);
    this.view(values.constructor, address, values.length).set(values);
    return address;
  }

  /** A copy for the next call alone. */
  pass(values) {
    this.#passed.push(this.keep(values));
    return this.#passed.at(-1);
  }

  /** Integers of 64 bits for the next call alone. */
  passIntegers(values) {
    return this.pass(BigInt64Array.from(values, BigInt));
  }

  /** Nothing that was passed is needed any more. */
  called() {
    this.give(...this.#passed.splice(0));
  }

  /** What lies there, as an array that is of use until something is taken. */
  view(Values, address, length) {
    return new Values(this.#memory.buffer, address, length);
  }
}
