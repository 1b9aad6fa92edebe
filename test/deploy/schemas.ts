/** The schemas of those who read the files in `deploy/`: Kubernetes' and AWS' in Python packages, the others in Go modules. Pinned. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GoModulePin } from '../../dev/binary-pins.js';
import { downloadGoModule } from '../../dev/go-module.js';
import { pythonWith, works } from '../python-environment.js';

const PACKAGES = ['kubernetes-validate==1.37.0', 'jsonschema==4.26.0', 'botocore==1.44.8', 'PyYAML==6.0.4'];

/** Any Go can read a module that it need not build. */
const GO = '1.21';

const COMPOSE: GoModulePin = {
  title: 'Compose',
  path: 'github.com/compose-spec/compose-go/v2',
  version: 'v2.16.2',
  sum: 'h1:pTp1DqQwJzFd85GzlWsSszKA1ABrV/ySqsClujIcWA8=',
  go: GO,
};
const WORKER_CONTROLLER: GoModulePin = {
  title: "Temporal's Worker Controller",
  path: 'github.com/temporalio/temporal-worker-controller',
  version: 'v1.8.1',
  sum: 'h1:fyGqkeh8sQ0QIoCpko1iUgZ+TbKTyivgTBouiHMPaoM=',
  go: GO,
};
const KEDA: GoModulePin = {
  title: 'KEDA',
  path: 'github.com/kedacore/keda/v2',
  version: 'v2.20.2',
  sum: 'h1:SR60v8uIcelbveS8n/1jcl8tLdBBIbHMxmdOHw8tKqA=',
  go: GO,
};

/** Files of schemas, and a Python that can check by them. */
export interface Schemas {
  readonly python: string;
  readonly compose: string;
  /** Custom resource definitions. */
  readonly crds: readonly string[];
}

/** Gets them. @returns undefined on a machine without Python or Go */
export async function getSchemas(): Promise<Schemas | undefined> {
  const environment = await pythonWith('deploy-schemas', PACKAGES);
  if (environment === undefined || !(await works('go', 'version'))) return undefined;
  const [compose, controller, keda] = await Promise.all(
    [COMPOSE, WORKER_CONTROLLER, KEDA].map(async (pin) => await downloadGoModule(pin, tmpdir())),
  );
  const kinds = join(controller ?? '', 'helm/temporal-worker-controller-crds/templates/temporal.io_');
  return {
    python: environment.python,
    compose: join(compose ?? '', 'schema/compose-spec.json'),
    crds: [
      `${kinds}connections.yaml`,
      `${kinds}workerdeployments.yaml`,
      join(keda ?? '', 'config/crd/bases/keda.sh_scaledobjects.yaml'),
    ],
  };
}
