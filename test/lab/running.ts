import { LabConnection, observed, probeOnce, startLab, verifyLab } from '../../src/host/lab/index.ts';
import type { LabInput } from '../../src/host/lab/index.ts';
import type { LabReport } from '../../src/render/index.ts';

/** A file of a state, as a lab takes it. */
export interface StateFile {
  readonly file: string;
  readonly text: string;
}

/** A lab that goes from one state of a cluster to the next, as a cluster does. */
export class RunningLab {
  readonly #name: string;
  #up = false;

  /** @param name - see `labName`; `remove` takes it down */
  constructor(name: string) {
    this.#name = name;
  }

  /** Brings the lab to a state: starts it, or applies the state to what is running. */
  async bring(files: readonly StateFile[]): Promise<void> {
    const input: LabInput = {
      sources: files.map(({ file, text }) => ({ file, direct: true, bytes: new TextEncoder().encode(text) })),
      kubernetesVersion: undefined,
    };
    if (this.#up) {
      await this.#with((lab) => lab.ask({ kind: 'apply', input }, 'up'));
    } else {
      await startLab(this.#name, input, false, () => undefined);
      this.#up = true;
    }
  }

  /** Tries every pair on every port. */
  verify(): Promise<LabReport> {
    return this.#with((lab) => verifyLab(lab, () => undefined));
  }

  /** Tries one connection, in each family that both ends have, also to a port that nobody listens on. */
  async observe(from: string, to: string, port: string): Promise<readonly ('allowed' | 'denied')[]> {
    const { probes } = await this.#with((lab) =>
      lab.ask({ kind: 'find', from, to, port, namespace: undefined }, 'found'),
    );
    return Promise.all(probes.map(async (probe) => observed(await probeOnce(probe))));
  }

  async #with<T>(work: (lab: LabConnection) => Promise<T>): Promise<T> {
    const lab = await LabConnection.open(this.#name);
    try {
      return await work(lab);
    } finally {
      lab.close();
    }
  }
}
