from django.db import migrations


class Migration(migrations.Migration):
    """Apart from the rows that were made of it: PostgreSQL alters no table in the transaction that wrote to it."""

    dependencies = [("projects", "0004_protections")]

    operations = [migrations.RemoveField("environment", "required_approvals")]
