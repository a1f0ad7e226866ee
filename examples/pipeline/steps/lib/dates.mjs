/** Dates as the standard writes them. Some versions of the table have the day before the month, 2020-22-01, which only shows where the day is above 12. */
export function isoDates(dates) {
  const dayFirst = dates.some((date) => Number(date.split('-')[1]) > 12)
  return dayFirst ? dates.map((date) => date.replace(/^(\d+)-(\d+)-(\d+)$/, '$1-$3-$2')) : dates
}
