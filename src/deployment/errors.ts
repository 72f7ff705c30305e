import type { DeploymentState } from '../generated/prisma/enums.ts';
import { DomainError } from '../lib/errors.ts';
import type { Condition } from './gate.ts';

export class DeploymentNotFoundError extends DomainError {
  override name = 'DeploymentNotFoundError';
  readonly code = 'DEPLOYMENT_NOT_FOUND';
  constructor(deploymentId: string) {
    super(`Expected a deployment of yours with id ${deploymentId}, found none.`);
  }
}

/** The id belongs to another deployment, or to one that was asked for differently. */
export class DeploymentIdTakenError extends DomainError {
  override name = 'DeploymentIdTakenError';
  readonly code = 'DEPLOYMENT_ID_TAKEN';
  constructor(deploymentId: string) {
    super(`Expected a new id for a new deployment, ${deploymentId} is taken.`);
  }
}

/** The deployment is in a state in which this cannot be done. */
export class DeploymentStateError extends DomainError {
  override name = 'DeploymentStateError';
  readonly code = 'DEPLOYMENT_STATE';
  readonly state: DeploymentState;
  constructor(state: DeploymentState, expected: string) {
    super(`Expected a deployment that is ${expected}, this one is ${state}.`);
    this.state = state;
  }
}

/** The gate is shut: names each condition that is not met, with its numbers. */
export class GateRefusedError extends DomainError {
  override name = 'GateRefusedError';
  readonly code = 'GATE_REFUSED';
  readonly conditions: Condition[];
  constructor(conditions: Condition[]) {
    const failed = conditions.filter(({ passed }) => !passed);
    super(`The gate is shut: ${failed.map(({ message }) => message).join(' ')}`);
    this.conditions = conditions;
  }
}

/** No model is deployed, so that nothing can be predicted. */
export class NothingDeployedError extends DomainError {
  override name = 'NothingDeployedError';
  readonly code = 'NOTHING_DEPLOYED';
  constructor() {
    super('Expected a deployed model, there is none. `deployModel` deploys one.');
  }
}

/** The page has nothing to choose from. */
export class NothingToChooseError extends DomainError {
  override name = 'NothingToChooseError';
  readonly code = 'NOTHING_TO_CHOOSE';
  constructor(found: number) {
    super(`Expected a page with at least two things to act on, found ${found}.`);
  }
}

export class PredictionNotFoundError extends DomainError {
  override name = 'PredictionNotFoundError';
  readonly code = 'PREDICTION_NOT_FOUND';
  constructor(predictionId: string) {
    super(`Expected a prediction of yours with id ${predictionId}, found none.`);
  }
}

/** Another outcome was reported for the prediction. */
export class OutcomeReportedError extends DomainError {
  override name = 'OutcomeReportedError';
  readonly code = 'OUTCOME_REPORTED';
  constructor(predictionId: string) {
    super(`Another outcome of prediction ${predictionId} was reported before; it stays.`);
  }
}
