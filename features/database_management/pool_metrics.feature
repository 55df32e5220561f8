@database_management
Feature: Operators see how busy the database connections are
  Segment:          Platform
  Business goal:    See a shortage of connections before customers feel it
  Value impact:     Operators add capacity on a weekday morning, not in the middle of an outage
  Strategic impact: Capacity is bought by measured need

  @DBP-13 @segment.platform
  @needs.own_database @needs.own_services @needs.configuration @needs.pool_metrics
  @needs.allowances @needs.conversations
  Rule: The metrics of the pool match the database while it is loaded

    @gate @exclusive
    Scenario Outline: The metrics show the load that the database shows
      Given the <service> has <used> in use
      When <requests arrive>
      Then the pool metrics match the database

      Examples:
        | service      | used              | requests arrive       |
        | API          | no connection     | no request arrives    |
        | API          | three connections | no request arrives    |
        | API          | every connection  | no request arrives    |
        | API          | every connection  | one request arrives   |
        | auth service | every connection  | seven requests arrive |

    @gate @exclusive
    Scenario: The metrics show connections beyond the size of the pool
      Given the pool may open two connections beyond its size
      And the API has every connection in use
      When one request arrives
      Then the pool metrics match the database

    @gate @exclusive
    Scenario: The metrics count how long requests waited for a connection
      Given the API has every connection in use
      And seven requests arrive
      When all transactions end a little later
      Then the pool metrics count every wait with its duration
      And the pool metrics match the database

    @gate @exclusive
    Scenario Outline: The metrics count waits in vain, too
      Given the <service> has every connection in use
      When <requests> find no free connection
      Then the pool metrics count every wait with its duration
      And the pool metrics match the database

      Examples:
        | service      | requests       |
        | API          | forty requests |
        | auth service | ten requests   |

    @gate @exclusive
    Scenario Outline: The metrics match the database after connections were lost in use
      Given the <service> has every connection in use
      When the database closes all connections
      Then every response is a success
      And the pool metrics match the database

      Examples:
        | service      |
        | API          |
        | auth service |
