/** What the processor did since, in seconds: a machine that is shared changes it less than the time of day. @param {NodeJS.CpuUsage} start */
export function secondsSince(start) {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}
