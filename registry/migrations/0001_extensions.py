"""PostgreSQL extensions; a separate first step, so that a missing one is named before any table is made."""

from django.contrib.postgres.operations import BtreeGinExtension, CreateExtension, TrigramExtension
from django.core.management.base import CommandError
from django.db import migrations
from django.db.utils import Error
from pgvector.django import VectorExtension


class PgVectorExtension(VectorExtension):
    """Says what to install where the server lacks pgvector, as Debian's packages do."""

    def database_forwards(self, *arguments):
        try:
            super().database_forwards(*arguments)
        except Error as error:
            raise CommandError(
                "This PostgreSQL server cannot create the extension vector (pgvector), which similarity search needs: "
                f"{' '.join(str(error).split())} Install pgvector 0.7 or newer on the server "
                "(https://github.com/pgvector/pgvector; Debian's own packages lack it) and let the role create "
                "extensions, or unset DATABASE_URL to use the embedded PostgreSQL."
            ) from error


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [PgVectorExtension(), CreateExtension("intarray"), TrigramExtension(), BtreeGinExtension()]
