import { type Redacted, redactVariables } from '../../run/redact.ts'
import type { Variables } from './git-command.ts'

/** What of the environment can change a result, or says which part of a larger job a process is. Everything else stays where it is: it may hold secrets, and says much of a machine and its user. */
const NAMES: readonly string[] = [
  'NODE_ENV', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'TZ', 'LANG', 'LANGUAGE', 'SOURCE_DATE_EPOCH', 'CI',
  'CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER', 'CUDA_LAUNCH_BLOCKING', 'CUBLAS_WORKSPACE_CONFIG', 'NVIDIA_VISIBLE_DEVICES', 'NVIDIA_TF32_OVERRIDE', 'HIP_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES',
  'OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'NUMEXPR_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS', 'MKL_CBWR',
  'PYTHONHASHSEED', 'PYTHONPATH', 'VIRTUAL_ENV', 'CONDA_DEFAULT_ENV', 'TF_DETERMINISTIC_OPS', 'TF_CUDNN_DETERMINISTIC', 'TF_ENABLE_ONEDNN_OPTS', 'TF_FORCE_GPU_ALLOW_GROWTH', 'XLA_FLAGS',
  'RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'SLURM_JOB_ID', 'SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_ARRAY_TASK_ID', 'PBS_JOBID', 'LSB_JOBID',
]
const PREFIXES: readonly string[] = ['LC_']

/** The variables that a run records, sorted by name, without secrets. */
export function recordedVariables(variables: Variables, alsoRecord: readonly string[] = []): Redacted<Readonly<Record<string, string>>> {
  const wanted = new Set([...NAMES, ...alsoRecord])
  const found = Object.entries(variables).flatMap(([name, value]) => (value !== undefined && (wanted.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))) ? [[name, value] as const] : []))
  return redactVariables(Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1))))
}
