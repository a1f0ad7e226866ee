/** A Standard Schema of numbers with defaults; real projects take zod or another library. */
export const numbers = (defaults) => ({
  '~standard': {
    version: 1, vendor: 'example',
    validate(given) {
      const value = { ...defaults, ...given }
      const issues = Object.entries(value).filter(([key, item]) => !(key in defaults) || typeof item !== 'number').map(([key]) => ({ message: 'must be a known number', path: [key] }))
      return issues.length > 0 ? { issues } : { value }
    },
  },
})
