export type { Agents, NetworkOptions, RemoteRequest } from '../requests/interface.ts'
export { httpStorage, HttpStorage, type HttpSettings } from './http-storage.ts'
