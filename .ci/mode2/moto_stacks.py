"""A moto server for stacks with custom resources: `python moto_stacks.py PORT HOOK_URL`.

moto runs Lambda functions in Docker, and does not tell CloudFormation's custom resources of updates and deletions. Here
every such event goes to HOOK_URL with all resources of the stack, resolved; the answer is what the function's own code
would have sent to CloudFormation. What else of the template moto does not know is in GAPS and is printed at the start.
"""
import json
import logging
import os
import sys
import urllib.request

os.environ["MOTO_LAMBDA_STUB_ECR"] = "TRUE"

from moto.awslambda.models import LambdaVersion, lambda_backends
from moto.cloudformation import cloudformation_backends, parsing
from moto.cloudformation.models import ChangeSet
from moto.cloudformation.custom_model import CustomModel
from moto.cloudformation.responses import CloudFormationResponse
from moto.iam.models import ManagedPolicy
from moto.s3.models import FakeBucket, s3_backends
from moto.server import ThreadedMotoServer

GAPS = [
    "parameters: no AllowedPattern, no Rules (the deploy program checks the patterns; cfn-lint reads the rules)",
    "change sets: OnStackFailure and rollback are ignored; ImportExistingResources is done here, for buckets",
    "RetainExceptOnCreate is unknown; taken for Retain here, as it is once a stack exists",
    "DefinitionSubstitutions of state machines are not applied; the hook gets them and does it",
    "outputs of stacks that a change set creates are not evaluated; done here",
    "updates of most resources end in an error or in nothing; here only functions, tasks and custom resources follow",
    "managed policies are not detached before they are deleted; done here",
    "policies of buckets and queues, alarms, EventInvokeConfig and budgets are not made",
    "Ref of a version of a function is no ARN, and its description is not kept; done here",
    "images: nothing is copied, no registry is there",
]


# Nothing else of the template depends on what an update of the worker changes.
UPDATED = ["AWS::Lambda::Function", "AWS::ECS::TaskDefinition"]


def resolved(stack_map, logical_id):
    """A resource with its functions (Ref, GetAtt, Sub, If) evaluated."""
    source = stack_map._resource_json_map[logical_id]
    return {"Type": source["Type"], "Properties": parsing.clean_json(source.get("Properties", {}), stack_map)}


def ask(hook, event, stack_map):
    wanted = [
        logical_id
        for logical_id in (stack_map._resource_json_map if stack_map else [])
        if logical_id in stack_map._parsed_resources and not logical_id == event["LogicalResourceId"]
    ]
    body = {"event": event, "resources": {name: resolved(stack_map, name) for name in wanted}}
    request = urllib.request.Request(
        hook, json.dumps(body, default=str).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        said = json.loads(answer.read())
    if said["Status"] != "SUCCESS":
        raise RuntimeError(said.get("Reason"))
    return said


def patch_custom_resources(hook):
    def event_of(kind, name, source, kwargs, more=None):
        return {
            "RequestType": kind,
            "ResponseURL": hook,
            "StackId": kwargs["StackId"],
            "RequestId": f"{kind}-{name}",
            "LogicalResourceId": kwargs["LogicalId"],
            "ResourceType": kwargs["ResourceType"],
            "ResourceProperties": source["Properties"],
            **(more or {}),
        }

    def map_of(account_id, region, stack_id):
        return cloudformation_backends[account_id][region].get_stack(stack_id).resource_map

    def made(region, kwargs, said, source, account_id):
        resource = CustomModel(region, said["RequestId"], kwargs["LogicalId"], said["PhysicalResourceId"])
        resource.set_data(said.get("Data", {}))
        resource.kept = (source, account_id, kwargs)
        return resource

    @classmethod
    def create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        event = event_of("Create", resource_name, cloudformation_json, kwargs)
        said = ask(hook, event, map_of(account_id, region_name, kwargs["StackId"]))
        return made(region_name, kwargs, said, cloudformation_json, account_id)

    @classmethod
    def update(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        source, _, kwargs = original_resource.kept
        more = {
            "PhysicalResourceId": original_resource.physical_resource_id,
            "OldResourceProperties": source["Properties"],
        }
        event = event_of("Update", new_resource_name, cloudformation_json, kwargs, more)
        said = ask(hook, event, map_of(account_id, region_name, kwargs["StackId"]))
        return made(region_name, kwargs, said, cloudformation_json, account_id)

    def delete(self, account_id, region):
        source, _, kwargs = self.kept
        more = {"PhysicalResourceId": self.physical_resource_id}
        event = event_of("Delete", self.logical_id, source, kwargs, more)
        # The stack is out of moto's list by now.
        ask(hook, event, None)

    CustomModel.create_from_cloudformation_json = create
    CustomModel.update_from_cloudformation_json = update
    CustomModel.delete = delete


def patch_adoption():
    """Buckets that are there are taken over if the change set says so, and their policy keeps them; else it fails."""
    adopting = {}
    original = CloudFormationResponse.create_change_set
    create_bucket = FakeBucket.create_from_cloudformation_json.__func__

    def create_change_set(self):
        name = self._get_param("StackName")
        imports = self._get_bool_param("ImportExistingResources", False)
        adopting[name] = self._get_param("TemplateBody") if imports else None
        return original(self)

    @classmethod
    def create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        known = s3_backends[account_id]["aws"].buckets.get(resource_name)
        template = adopting.get(kwargs["StackId"].split("/")[1])
        if known is None or not template:
            return create_bucket(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
        if cloudformation_json.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
            raise RuntimeError(f"{resource_name}: only resources with a policy that keeps them are imported")
        # As AWS documents it: only names that stand in the template as they are, made by no function.
        if f"BucketName: {resource_name}\n" not in template:
            raise RuntimeError(f"{resource_name}: only resources with static names are imported")
        print(f"moto: {resource_name} is taken over", flush=True)
        return known

    CloudFormationResponse.create_change_set = create_change_set
    FakeBucket.create_from_cloudformation_json = create


def patch_managed_policies():
    def delete(self, account_id, region):
        for role in self.backend.roles.values():
            if self.arn in role.managed_policies:
                self.detach_from(role)
        self.backend.delete_policy(self.arn)

    ManagedPolicy.delete = delete


def patch_versions():
    @classmethod
    def create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        properties = cloudformation_json["Properties"]
        backend = lambda_backends[account_id][region_name]
        published = backend.publish_version(properties["FunctionName"], properties["Description"])
        version = cls({"Version": published.version})
        version.physical_resource_id = published.function_arn
        return version

    LambdaVersion.create_from_cloudformation_json = create


def patch_outputs():
    original = ChangeSet.apply

    def apply(self):
        original(self)
        self.stack.output_map = parsing.OutputMap(self.stack.resource_map, self.template_dict, self.stack.stack_id)

    ChangeSet.apply = apply


def patch_updates():
    original = parsing.parse_and_update_resource

    def update(logical_id, resource_json, resources_map, account_id, region_name):
        before = resources_map._parsed_resources.get(logical_id)
        if resource_json["Type"].startswith("AWS::") and resource_json["Type"] not in UPDATED:
            return before
        after = original(logical_id, resource_json, resources_map, account_id, region_name)
        return before if after is None else after

    parsing.parse_and_update_resource = update


def patch_retention():
    original = parsing.ResourceMap.delete

    def delete(self):
        for resource in self._resource_json_map.values():
            if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                resource["DeletionPolicy"] = "Retain"
        original(self)

    parsing.ResourceMap.delete = delete


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port, hook = int(sys.argv[1]), sys.argv[2]
    patch_custom_resources(hook)
    patch_retention()
    patch_adoption()
    patch_managed_policies()
    patch_versions()
    patch_outputs()
    patch_updates()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    for gap in GAPS:
        print(f"moto: {gap}", flush=True)
    print("ready", flush=True)
    sys.stdin.read()
    server.stop()
