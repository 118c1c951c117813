"""Makes a user who may do nothing, and prints the id and the secret of a key of theirs."""

import boto3

iam = boto3.client("iam")
iam.create_user(UserName="stranger")
key = iam.create_access_key(UserName="stranger")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
