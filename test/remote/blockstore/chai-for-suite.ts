import { expect as chaiExpect, use } from 'chai'
import chaiAsPromised from 'chai-as-promised'

/** What the suite calls, where chai has properties. */
const CALLED: Readonly<Record<string, (value: unknown) => boolean>> = {
  true: (value) => value === true,
  false: (value) => value === false,
  ok: (value) => Boolean(value),
}

use(({ Assertion }) => {
  for (const [word, holds] of Object.entries(CALLED)) {
    Object.defineProperty(Assertion.prototype, word, {
      configurable: true,
      writable: true,
      value(this: Chai.AssertionStatic & { _obj: unknown }) {
        this.assert(holds(this._obj), `expected #{this} to be ${word}`, `expected #{this} not to be ${word}`, undefined)
      },
    })
  }
})
use(chaiAsPromised)

/** The assertions that the public suite is written with: chai, some of whose properties are called, and which waits for promises. */
export const expect: typeof chaiExpect = chaiExpect
