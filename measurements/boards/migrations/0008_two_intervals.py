"""A value has two intervals: of the true energy, with the sensors' common error in it, and between contributors.

Revisions keep the one that they were shown with. Cells without the second are derived anew by the first sweep.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('boards', '0007_published_figures_are_plausible'),
        ('catalog', '0003_known_from'),
    ]

    operations = [
        migrations.AddField(
            model_name='cell',
            name='between_high_j',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='cell',
            name='between_low_j',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='cell',
            name='sensor_u',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='cellrevision',
            name='between_high_j',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='cellrevision',
            name='between_low_j',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='cellrevision',
            name='sensor_u',
            field=models.FloatField(null=True),
        ),
        migrations.AddConstraint(
            model_name='cell',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('between_high_j__isnull', True), ('between_low_j__isnull', True)), models.Q(('between_high_j__gte', models.F('energy_per_query_j')), ('between_low_j__lte', models.F('energy_per_query_j'))), _connector='OR'), name='cell_value_between'),
        ),
        migrations.AddConstraint(
            model_name='cellrevision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('between_high_j__isnull', True), ('between_low_j__isnull', True)), models.Q(('between_high_j__gte', models.F('energy_per_query_j')), ('between_low_j__lte', models.F('energy_per_query_j'))), _connector='OR'), name='cellrevision_value_between'),
        ),
    ]
