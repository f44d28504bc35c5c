import type { CommandSpec } from '../command.ts'
import { agentDown, agentJoin, agentRun } from './agent.ts'
import { alertCommands } from './alert.ts'
import { auditCommands } from './audit.ts'
import { builderAdd, builderList, builderRetire } from './builder.ts'
import { bundleExport } from './bundle.ts'
import { catalogueFollow, catalogueList, catalogueMake } from './catalogue.ts'
import { channelFollow, channelList, channelMove } from './channel.ts'
import { demo } from './demo.ts'
import { deviceEnrol, deviceList, deviceLogs, deviceShow, deviceTimeline } from './device.ts'
import {
  deviceDecommission,
  deviceHold,
  deviceLabel,
  deviceNote,
  devicePin,
  deviceRetry,
  deviceUnhold,
  deviceUnpin,
} from './device-acts.ts'
import { failuresCommands } from './failures.ts'
import { fleetCommands } from './fleet.ts'
import { gatewayCommands } from './gateway.ts'
import { grantCommands } from './grants.ts'
import { groupList, groupRemove, groupSet } from './group.ts'
import { init } from './init.ts'
import { isolationCommands } from './isolation.ts'
import { keysList, keysMake, keysShow } from './keys.ts'
import { logMonitor, logShard, logShow } from './log.ts'
import { machineCommands } from './machine.ts'
import { modelCommands } from './model.ts'
import { mudCommands } from './mud.ts'
import { ownerCommands } from './owner.ts'
import { pack } from './pack.ts'
import { peopleCommands } from './people.ts'
import {
  policyAdopt,
  policyAllow,
  policyApply,
  policyBegin,
  policyRefuse,
  policyReview,
  policyShow,
  policySign,
} from './policy.ts'
import { publish } from './publish.ts'
import { publisherCommands } from './publisher.ts'
import { releaseList, releaseShow } from './release.ts'
import { reviewCommands } from './review.ts'
import {
  rolloutApprove,
  rolloutCancel,
  rolloutList,
  rolloutPause,
  rolloutResume,
  rolloutShow,
  rolloutStart,
  rolloutWatch,
} from './rollout.ts'
import { rolloutPolicy } from './rollout-policy.ts'
import { rootCommands } from './root.ts'
import { secretsList, secretsRemove, secretsSet } from './secrets.ts'
import { serve } from './serve.ts'
import { serverBackup, serverMove, serverRestore } from './server.ts'
import {
  settingsHistory,
  settingsList,
  settingsPreview,
  settingsRevert,
  settingsSet,
  settingsUnset,
} from './settings.ts'
import { signIn } from './sign-in.ts'
import { signer } from './signer.ts'
import { simulate } from './simulate.ts'
import { targetsCommands } from './targets.ts'
import { thisDeviceCommands } from './this-device.ts'
import { tryPackage } from './try.ts'
import { updatesCommands } from './updates.ts'
import { verify } from './verify.ts'
import { webhookCommands } from './webhook.ts'
import { witnessMake, witnessRun } from './witness.ts'

/** Every command, in the order in which `--help` lists them. Adding one is adding a row. */
export const commands: readonly CommandSpec[] = [
  init,
  serve,
  simulate,
  serverBackup,
  serverRestore,
  serverMove,
  signer,
  signIn,
  ...fleetCommands,
  ...peopleCommands,
  ...machineCommands,
  ...auditCommands,
  pack,
  publish,
  verify,
  builderList,
  builderAdd,
  builderRetire,
  tryPackage,
  channelList,
  channelMove,
  channelFollow,
  releaseList,
  releaseShow,
  ...reviewCommands,
  ...grantCommands,
  rolloutList,
  rolloutShow,
  rolloutWatch,
  rolloutPolicy,
  rolloutApprove,
  rolloutStart,
  rolloutPause,
  rolloutResume,
  rolloutCancel,
  ...failuresCommands,
  deviceList,
  deviceShow,
  deviceTimeline,
  deviceLogs,
  deviceEnrol,
  deviceLabel,
  deviceNote,
  deviceHold,
  deviceUnhold,
  deviceRetry,
  devicePin,
  deviceUnpin,
  deviceDecommission,
  ...thisDeviceCommands,
  ...updatesCommands,
  ...isolationCommands,
  ...webhookCommands,
  ...alertCommands,
  bundleExport,
  groupList,
  groupSet,
  groupRemove,
  secretsSet,
  secretsList,
  secretsRemove,
  settingsList,
  settingsSet,
  settingsUnset,
  settingsPreview,
  settingsHistory,
  settingsRevert,
  catalogueList,
  catalogueMake,
  catalogueFollow,
  policyShow,
  policyAllow,
  policyRefuse,
  policyAdopt,
  policyBegin,
  policyReview,
  policySign,
  policyApply,
  keysMake,
  keysList,
  keysShow,
  ...rootCommands,
  ...modelCommands,
  ...targetsCommands,
  ...publisherCommands,
  ...ownerCommands,
  agentRun,
  agentJoin,
  agentDown,
  ...mudCommands,
  ...gatewayCommands,
  logShow,
  logMonitor,
  logShard,
  witnessMake,
  witnessRun,
  demo,
]
